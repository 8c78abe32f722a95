// workers/harness/venue_calls.hpp: VenueCalls, a worker's calls to its venue: which job waits for which answer, and
// which key signs for it. What the venue refused it did not take: then another key signs the same request, under the
// same client id. An order that could not leave at once (its key was refused, or over its rate) leaves later only if no
// freeze or pause has come between. What stays silent is never sent again from here. Never blocks but for a look at the
// keys (signer.hpp), at the one that signs, and at the freeze; one thread, the worker's. No throw.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "machines/core/job.hpp"
#include "workers/handlers/handler.hpp"
#include "workers/harness/harness.hpp"
#include "workers/harness/signer.hpp"
#include "workers/venues/paper/client.hpp"

namespace workers::harness {

// What a call came to, with the job that it was made for: the venue's word, or why the job goes back without one.
struct Ended {
  machines::LeasedJob job;
  std::variant<handlers::Answer, handlers::GiveUp> came_to;
};

class VenueCalls {
 public:
  using SteadyTime = venues::paper::SteadyTime;
  // REQUIRES: all outlive it.
  VenueCalls(brokers::wire::Context& context, ledger::Connection& connection, const WorkerConfig& config);

  // Why no call may be made now; nothing where one may. Asked before anything is written for the call's sake.
  std::optional<handlers::GiveUp> closed(SteadyTime now);
  // A write must leave before `send_by`, or never. REQUIRES: this worker calls a venue.
  void call(const machines::LeasedJob& job, const schemas::VenueMessage& request, SteadyTime now,
            std::optional<SteadyTime> send_by = std::nullopt);
  // What has ended by now, each call once.
  std::vector<Ended> take_ended(SteadyTime now);

  [[nodiscard]] bool is_idle() const { return calls_.empty() && waiting_.empty() && ended_.empty(); }
  [[nodiscard]] std::vector<machines::Token> held() const;  // leases of calls that have not ended
  // For the owner's poll loop, as the venue's client has them; nothing to wait for while idle.
  void add_to(brokers::wire::Poller& poller) { venue_.add_to(poller); }
  [[nodiscard]] std::chrono::milliseconds wait_at_most(SteadyTime now) const;

 private:
  struct Call {
    machines::LeasedJob job;
    schemas::VenueMessage request;
    std::optional<SteadyTime> send_by;
    SteadyTime latest, started;             // the last moment to begin; when this attempt began
    std::optional<Signer::KeyId> key = {};  // that signed this attempt
    std::set<Signer::KeyId> tried = {};     // refused for this request
    std::string refusal = {};               // the last one
    bool is_late = false;                   // time has passed since its commit: the freeze is looked at again
  };
  void start(Call call, SteadyTime now);
  bool may_leave(const Call& call);
  void give_up(Call call, SteadyTime now);
  void finish(Call call, const venues::paper::Finished& finished, SteadyTime now);
  void report(const Call& call, const venues::paper::Finished& finished, SteadyTime now);

  const WorkerConfig& config_;
  ledger::Connection& connection_;
  Signer signer_;
  venues::paper::VenueClient venue_;
  std::map<std::uint64_t, Call> calls_;               // in flight at the venue, by correlation
  std::vector<std::pair<SteadyTime, Call>> waiting_;  // for a key's rate, and until when
  std::vector<Ended> ended_;
};

}  // namespace workers::harness
