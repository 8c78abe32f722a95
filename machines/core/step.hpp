// machines/core/step.hpp: Step, what one decision commits, all or nothing: 1..n instance moves with their postings and
// jobs. The same shape goes to PostgreSQL (ledger/journal) and to the in-memory twin (ledger/model). Data only: no I/O,
// no throw. Words (kind, state, event, command, code) are the enumerators' own names (names.hpp) and point to static
// storage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/core/amount.hpp"
#include "machines/core/ids.hpp"
#include "machines/core/instant.hpp"
#include "machines/core/refusal.hpp"

namespace machines {

// An instance inside a step: an id, or the n-th instance that this very step gives birth to.
struct Subject {
  InstanceId id;  // 0 when it is born here
  int born = 0;   // 1..n when it is born here, in the order of the step's births
  // An instance that exists, and the n-th one (from 1) that the step gives birth to.
  static Subject of(InstanceId id) { return {id, 0}; }
  static Subject birth(int n) { return {InstanceId{0}, n}; }
  [[nodiscard]] bool is_birth() const { return born != 0; }
  bool operator==(const Subject&) const = default;
};

// The words of a step are views that outlive it: literals and names of enumerators, never text of a row.

// One instance goes from one state to the next. `version` is the one before (0 at birth, then `from` is ""); it rises
// by one.
struct Move {
  Subject instance;
  std::string_view kind;  // the machine: sleeve_cycle, order, allocation
  int machine_version = 1;
  std::int64_t version = 0;
  std::string_view from, to, event, command;
  InstanceId parent{0};   // set at birth only
  SleeveId sleeve{0};     // set at birth only; 0 where the instance belongs to no sleeve
  bool is_final = false;  // `to` is a state that no row leaves
  std::string data;       // the machine's own variables after the move, canonical JSON (schemas/codec)
};

// single: moves at once. hold: reserves. post: resolves a hold and moves `amount` (<= reserved). void_: resolves a
// hold, moves nothing.
enum class PostingKind { single, hold, post, void_ };

// A hold is named by the posting that made it.
struct HoldKey {
  InstanceId instance{0};
  std::int64_t version = 0;
  std::int32_t leg = 0;
  constexpr auto operator<=>(const HoldKey&) const = default;
};

// From the debit account to the credit account, one asset. Leg numbers are the positions in Step::postings, from 1.
// A post or void carries the accounts and asset of its hold; a void has amount 0.
struct Posting {
  PostingKind kind = PostingKind::single;
  AccountId debit, credit;
  Amount amount;
  std::string_view code;  // what for: buy, fee, sweep, ...
  HoldKey hold{};         // for post and void_
};

// A job that the step orders. Its key is (instance, version after the move, ordinal among that instance's jobs of this
// step).
struct NewJob {
  Subject instance;
  std::string_view command;  // or the event to deliver, when is_event
  bool is_event = false;
  Instant world_at;  // not before this world time
  Token eager{};     // not empty: leased at once to the committing worker under this token
};

// What becomes of the job that the step answers. done: its row goes. kept: it stays as it is, leased. rearmed: it is
// given back as a timer for rearm_at.
enum class Fate { done, kept, rearmed };

// Of a commit. committed: all of it stands. Else none of it does. stale_version: an instance moved since the facts were
// read. lost_lease: the job is no longer leased under this token. stale_epoch: the shard has another broker, or a pause
// or freeze came since. refused: see StepResult::refusal.
enum class Outcome { committed, stale_version, lost_lease, stale_epoch, refused };

struct Step {
  OwnerId owner;
  JobKey job;   // the job this answers
  Token token;  // its lease
  Fate fate = Fate::done;
  Instant rearm_at;                // rearmed: the timer's next world time
  Instant world_at;                // world time of the decision
  std::int64_t control_epoch = 0;  // pause and freeze epoch that the facts were read at
  std::vector<Move>
      moves;  // moves[0] is the step's own instance: (instance, version after) is the step's idempotency key
  std::vector<Posting> postings;
  std::vector<NewJob> jobs;
};

// The jobs that a step orders for one of its instances, as the transition's row keeps them: "command@world_at" joined
// by spaces, world_at in microseconds; at a birth also "born(PARENT,SLEEVE,N)". Two steps with the same text ordered
// the same.
std::string describe_jobs(const Step& step, const Subject& instance);

struct StepResult {
  Outcome outcome = Outcome::committed;
  Refusal refusal = Refusal::none;  // which, when refused
  std::vector<InstanceId> born;     // ids of the births, in order
  bool operator==(const StepResult&) const = default;
};

}  // namespace machines
