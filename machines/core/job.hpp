// machines/core/job.hpp: LeasedJob, a job as a broker leases it to a worker, and how an outside call can go wrong.
// Data only: no I/O, no throw.
#pragma once

#include <cstdint>
#include <string>

#include "machines/core/ids.hpp"
#include "machines/core/instant.hpp"

namespace machines {

struct LeasedJob {
  JobKey key;
  Token token;             // fresh for each lease
  int shard = 0;           // of the owner; one commit call holds steps of one shard
  std::int64_t epoch = 0;  // the shard's fencing token at the lease
  std::string kind;        // machine: order, sleeve_cycle, ...
  std::string command;     // or the event to deliver, when is_event
  bool is_event = false;
  Instant world_at;         // world time of the job; decisions see bars <= this
  int attempt = 1;          // rises with each lease
  int tries = 0;            // business retries (back-off), not deaths
  int machine_version = 1;  // of the instance: only a worker that knows this version of the kind may run it
  bool operator==(const LeasedJob&) const = default;
};

// Why a waiting job is not taken back when a person cancels it.
enum class NotCancelled {
  event_stands,       // an event is what was said; it can't be unsaid
  may_have_left,      // the venue may have the order already: it decides
  venue_decides,      // the job only asks the venue, or asks it to cancel: without it the order would hang in doubt
  timer_of_a_cycle,   // nothing else would ever wake the cycle: pause its sleeve
  review_of_a_vault,  // nothing else would ever order the next review
  unlisted            // no machine says what a cancelled job of this kind means
};

// How an outside call failed (DESIGN 6). A time-out, a lost connection or an unreadable answer on a write is
// unknown_outcome.
enum class CallError {
  retry_later,
  retry_resync,
  unknown_outcome,
  insufficient_funds,
  rejected,
  duplicate,
  not_found,
  fatal_auth,
  maintenance
};

// Why a job goes back to the queue, as far as a part of the house acts on it: the sentence beside it is for people. On
// the wire by its number and in the ledger by its word: append only.
enum class GiveUpCode {
  other,             // its CallError says all there is to act on
  not_known_here,    // the worker's handlers lack what the job's facts name: they are to be made anew
  no_such_instance,  // the job's own, or what it must work on
  no_worker_knows,   // no worker of this broker can do it
  waits_for_credit,  // of a worker, for calls
  waits_for_limit,
  waits_for_key,   // one that the venue takes
  waits_for_venue  // until it says by which rules it deals
};

// Whether the job goes back and forth until something comes that is not its own: it is as good as ready.
constexpr bool is_wait(GiveUpCode code) {
  using enum GiveUpCode;
  return code == no_worker_knows || code == waits_for_credit || code == waits_for_limit || code == waits_for_key ||
         code == waits_for_venue;
}

}  // namespace machines
