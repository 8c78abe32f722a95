// workers/handlers/handler.hpp: Handler, what a worker can do with the jobs of one machine kind. A handler is pure: it
// looks at the job and its facts, asks the machine, and answers with a Decision. It keeps no state between calls:
// nothing survives a job.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ledger/journal/journal.hpp"
#include "machines/core/job.hpp"
#include "machines/core/step.hpp"
#include "schemas/codec/messages.hpp"

namespace workers::handlers {

// From a job's coming to a worker to its request's leaving, at most.
inline constexpr std::int64_t send_deadline_ms = 1'500;

// Commit this step. `then_call` leaves only after the step stands, under the same lease (the step's fate is `kept`).
struct Commit {
  machines::Step step;
  std::optional<schemas::VenueMessage> then_call;
};
// Ask an outside party; nothing is written before the answer.
struct Call {
  schemas::VenueMessage request;
};
// The job could not be done now: back to the queue after a while, or parked.
struct GiveUp {
  machines::CallError error = machines::CallError::retry_later;
  std::int64_t retry_after_ms = 0;  // 0: the broker's back-off
  std::string reason;               // for people
  bool fatal = false;               // park at once
  bool waits = false;               // for something that is not its own: no try is counted
  machines::GiveUpCode code = machines::GiveUpCode::other;
};
using Decision = std::variant<Commit, Call, GiveUp>;

// What an outside call came to: a report, or how it failed.
using Answer = std::variant<schemas::OrderReport, machines::CallError>;

class Handler {
 public:
  virtual ~Handler() = default;
  [[nodiscard]] virtual schemas::Capability capability() const = 0;
  // Whether this command needs no outside party: a follow-up of it may be handed over eagerly.
  [[nodiscard]] virtual bool is_pure(std::string_view command) const = 0;
  // Whether its steps may move an instance of this kind in this version along with the job's own.
  [[nodiscard]] virtual bool moves(std::string_view /*kind*/, int version) const { return version == 1; }
  virtual Decision on_job(const machines::LeasedJob& job, const ledger::journal::Facts& facts) const = 0;
  // The facts are read anew for the answer.
  virtual Decision on_answer(const machines::LeasedJob& job, const ledger::journal::Facts& facts,
                             const Answer& answer) const = 0;
};

// What a worker says that it can do of this kind, with the commands of the catalog that ask outside. REQUIRES: the
// catalog has this version.
schemas::Capability capability_of(std::string_view kind, int version = 1);

// The answer where something that must be there is not: the job is parked, in sight, with the reason.
inline Decision give_up_for_good(std::string reason) {
  return GiveUp{machines::CallError::rejected, 0, std::move(reason), true};
}

// The answer where the handlers are older than what the job's facts name: tried again, by handlers made anew.
inline Decision not_known_here(std::string reason) {
  return GiveUp{machines::CallError::retry_later,    100, std::move(reason), false, false,
                machines::GiveUpCode::not_known_here};
}

// A step that answers `job` from these facts, with nothing in it yet but its addresses.
inline machines::Step step_for(const machines::LeasedJob& job, const ledger::journal::Facts& facts,
                               machines::Fate fate) {
  machines::Step step;
  step.owner = job.key.owner;
  step.job = job.key;
  step.token = job.token;
  step.fate = fate;
  step.world_at = job.world_at;
  step.control_epoch = facts.control_epoch;
  return step;
}

}  // namespace workers::handlers
