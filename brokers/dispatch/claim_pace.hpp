// brokers/dispatch/claim_pace.hpp: ClaimPace, when a broker claims, how many jobs it asks for, and how long it waits
// after a claim that brought nothing. It is told what happened, and next() names the one question that is to be put to
// the ledger now. Pure: no clock (times are microseconds of a steady clock that the caller reads), no I/O, no throw.
#pragma once

#include <cstddef>
#include <cstdint>

#include "brokers/dispatch/rules.hpp"

namespace brokers::dispatch {

class ClaimPace {
 public:
  // What the broker has in hand when it asks for the next question.
  struct Load {
    int queued = 0;            // jobs that wait here for a worker
    int held_back = 0;         // of those, the ones that a limit or a lack of outside credit keeps; they fill no room
    int in_flight = 0;         // jobs in workers' hands
    int credit = 0;            // jobs that the workers would still take, outside calls not counted
    bool world_waits = false;  // a client waits for the world time to pass
  };
  enum class Question { none, claim, claim_urgent, ask_due };
  struct Next {
    Question question = Question::none;
    int limit = 0;  // jobs per shard; 0 where the question is not `claim`
  };

  // Keeps `claim_limit` and `safety_poll_us` of the rules.
  explicit ClaimPace(const Rules& rules) : claim_limit_(rules.claim_limit), safety_poll_us_(rules.safety_poll_us) {}

  // ---- what happened
  // Something may be claimable.
  void hint() { hint_ = true; }
  // A job ended and left something behind. Where it was merely re-armed, nothing new is due because of it.
  void ended(bool was_rearmed);
  // A job failed: it is due again after its wait, so what is due is asked before a claim.
  void failed();
  // World time came to a later point: jobs may be due that were not.
  void world_has_come();
  // The client's word, or the list of times ahead, moved world time on: every wait of before is over as well.
  void world_was_released();
  // The answer to a claim: `brought` jobs, of which `went_back` went straight back to the queue.
  // REQUIRES: the question that is out is a claim.
  void claimed(std::size_t brought, std::size_t went_back, std::int64_t now_us);
  // The answer to a question of what is due has come.
  void due_answered() { is_out_ = false; }
  // Nothing is due: there is nothing to claim until somebody hints.
  void nothing_is_due() { hint_ = false; }
  // Something is due. `next_run_us`: how long the first such job still waits for its back-off; 0: it does not wait.
  void something_is_due(std::int64_t next_run_us, std::int64_t now_us);
  // Time passes: a claim is due at the latest one safety poll after the last, hint or none.
  void poll(std::int64_t now_us);

  // ---- what to do
  // The question to put now; it is out until its answer is told. One question is out at a time.
  Next next(const Load& load, std::int64_t now_us);
  // The question that next() named was not put: there was nothing to ask for.
  void withdraw();
  // When poll() and next() must come at the latest.
  [[nodiscard]] std::int64_t next_us(std::int64_t now_us) const;

 private:
  Next next_urgent(const Load& load, std::int64_t now_us);

  int claim_limit_;
  std::int64_t safety_poll_us_;
  bool hint_ = true;                 // something may be claimable
  bool is_out_ = false;              // a claim or a question of what is due
  bool is_urgent_ = false;           // it is a claim of urgent commands alone
  bool look_first_ = false;          // all that ended was re-armed: ask what is due before claiming
  int asked_for_ = 1;                // the limit of the claim that is out
  int fruitless_ = 0;                // claims in a row that found nothing although something is due
  std::int64_t claim_after_us_ = 0;  // what is due can't be had before
  std::int64_t rests_until_us_ = 0;  // the last claim mostly went back: none before this, whoever hints
  std::int64_t last_claim_us_ = 0, last_urgent_us_ = 0;
};

}  // namespace brokers::dispatch
