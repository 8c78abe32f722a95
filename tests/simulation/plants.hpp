// tests/simulation/plants.hpp: bugs that a simulation can be told to have, each at a seam of the simulated house (its
// store, the loops around dispatch and executor, a wrapper around a handler): production code knows nothing of them.
// Each must be found; a simulation that finds none of them proves nothing.
#pragma once

#include <optional>
#include <string_view>

namespace tests::simulation {

enum class Plant {
  none,
  skip_lease_check,        // the store commits whatever token a step carries
  skip_version_check,      // the store takes an instance's version as it finds it
  forget_epoch,            // the store takes steps of a broker that was fenced off
  forget_pause_epoch,      // the store takes decisions that were made before a pause
  ack_before_commit,       // a worker says done, then commits
  send_before_commit,      // a worker sends the order, then commits that it did
  resend_on_timeout,       // no answer in time: the order is sent again under a new client id
  count_tokens,            // lease tokens are counted, and the count starts anew with each take-over
  no_sweep,                // a broker never looks for leases that nobody holds
  lose_last_wake_up,       // a broker has no timers: what no message announces is never looked at
  double_sweep,            // a flash sleeve returns its profit twice
  book_fills_again,        // an order books all fills of each report, those too that it has booked
  keep_the_hold,           // an order that ended without a fill does not release its hold
  forget_answered_commit,  // a commit of unknown outcome stays in hand for ever: the broker is told nothing else
  cancel_what_was_sent,    // an order in doubt that the venue does not know yet counts as cancelled
  no_settle_window,        // "not found" is final whenever it is said
  ignore_validity,         // an order is sent again however late it has become
  place_under_freeze,      // the order's handler knows no pause and no freeze
  send_unsigned,           // a worker without a key sends all the same
  book_repeated_fill,      // a fill that is reported twice is booked twice
  release_on_cancel,       // a hold is released when a cancel is ordered, not when the venue has confirmed it
  drop_the_rest,           // the rest of an order that is filled in part is released as if all of it were filled
  pay_other_sleeve,        // what a sale brings goes to another sleeve of its owner
  book_fee_twice,          // a fee is paid twice
  set_timer_twice,         // a cycle's timer is ordered twice
  trust_ids_for_ever,      // an order is sent again where the venue knows ids among open orders only
  send_uncommitted,        // a request leaves although its commit did not stand
  count_allocation_twice,  // what a vault gives counts twice as what a flash sleeve may keep
  sweep_quiet,             // a quiet sleeve returns what it earned
  sweep_while_open,        // a flash sleeve returns what it has while its position is still open
};

// What it is, in a line.
std::string_view description_of(Plant plant);

}  // namespace tests::simulation
