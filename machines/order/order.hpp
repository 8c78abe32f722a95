// machines/order/order.hpp: one order at a venue, from its draft to its last fill; what leaves the house may end in
// doubt, never twice. `drafted` means that it never left: no row leads back there. What was sent is asked about, or
// cancelled at the venue by its id, until the venue's word is final. Pure: no clock, no I/O. Workers carry the commands
// out and bring the venue's word back as events.
#pragma once

#include "machines/core/job.hpp"
#include "machines/core/result.hpp"
#include "machines/core/table.hpp"

namespace machines::order {

enum class State { drafted, sent, in_doubt, resting, cancelling, filled, cancelled, rejected, not_placed, quarantined };
enum class Event {
  send,
  accept,
  part_fill,
  fill,
  reject,
  fall_silent,
  attempt_lost,
  resend,  // under the one id that it has, where the venue knows an id for ever
  lapse,   // the venue knows nothing of it, and no request can come there any more
  cancel,
  confirm_cancel,
  draft,  // its birth
  // What a person says became of it, where the venue can't be asked any more.
  person_filled,
  person_cancelled,
  person_not_placed,
  contradict  // the venue's report can't be one of this order
};
enum class Command { none, place_order, query_order, cancel_order };
using enum State;
using enum Event;
using enum Command;

// clang-format off
inline constexpr auto transitions = table<State, Event, Command>({
    // from      on                 to           then
    {drafted,    send,              sent,        none        },
    {drafted,    cancel,            cancelled,   none,         "it never left"},
    {sent,       accept,            resting,     query_order },
    {sent,       part_fill,         resting,     query_order },
    {sent,       fill,              filled,      none        },
    {sent,       reject,            rejected,    none        },
    {sent,       confirm_cancel,    cancelled,   none        },
    {sent,       fall_silent,       in_doubt,    query_order },
    {sent,       attempt_lost,      in_doubt,    query_order,  "another attempt finds it sent"},
    {sent,       contradict,        quarantined, none        },
    {in_doubt,   accept,            resting,     query_order },
    {in_doubt,   part_fill,         resting,     query_order },
    {in_doubt,   fill,              filled,      none        },
    {in_doubt,   reject,            rejected,    none        },
    {in_doubt,   confirm_cancel,    cancelled,   none        },
    {in_doubt,   resend,            sent,        none,         "under its one id, where the venue knows ids for ever"},
    {in_doubt,   lapse,             not_placed,  none,         "no request can come there any more"},
    {in_doubt,   cancel,            cancelling,  cancel_order, "by its id, which keeps a late request out"},
    {in_doubt,   contradict,        quarantined, none        },
    {resting,    part_fill,         resting,     query_order },
    {resting,    fill,              filled,      none        },
    {resting,    reject,            rejected,    none,         "a venue may take back what it accepted"},
    {resting,    cancel,            cancelling,  cancel_order},
    {resting,    confirm_cancel,    cancelled,   none        },
    {resting,    contradict,        quarantined, none        },
    {cancelling, part_fill,         cancelling,  cancel_order},
    {cancelling, fill,              filled,      none,         "it was faster than the cancel"},
    {cancelling, reject,            rejected,    none        },
    {cancelling, confirm_cancel,    cancelled,   none        },
    {cancelling, lapse,             not_placed,  none,         "no request can come there any more"},
    {cancelling, contradict,        quarantined, none        },
    {sent,       person_filled,     filled,      none        },
    {sent,       person_cancelled,  cancelled,   none        },
    {sent,       person_not_placed, not_placed,  none        },
    {in_doubt,   person_filled,     filled,      none        },
    {in_doubt,   person_cancelled,  cancelled,   none        },
    {in_doubt,   person_not_placed, not_placed,  none        },
    {resting,    person_filled,     filled,      none        },
    {resting,    person_cancelled,  cancelled,   none        },
    {cancelling, person_filled,     filled,      none        },
    {cancelling, person_cancelled,  cancelled,   none        },
    {cancelling, person_not_placed, not_placed,  none        },
});
// clang-format on
static_assert(transitions.one_row_per_state_and_event());
static_assert(transitions.reaches_every_state_from(drafted));
static_assert(transitions.rests_only_in({filled, cancelled, rejected, not_placed, quarantined}));
static_assert([] {
  for (const auto& row : transitions.rows)
    if (row.to == drafted) return false;
  return true;
}());

// Whether a request may leave once this stands: a freeze of everything holds it back (schemas/sql, table `leaving`).
constexpr bool lets_leave(Event event) { return event == send || event == resend; }
// Whether a command is carried out by asking the venue.
constexpr bool goes_outside(Command command) { return command != none; }

// The event that the order gets in the place of a job that a person cancels: only a draft is sure not to have left.
// Errors: venue_decides for a job that only asks, may_have_left for one that may have sent the order already.
constexpr Result<Event, NotCancelled> when_cancelled(Command command, State state) {
  if (command != place_order) return fail(NotCancelled::venue_decides);
  if (state != drafted) return fail(NotCancelled::may_have_left);
  return cancel;
}
static_assert(transitions.find(drafted, cancel).has_value());

}  // namespace machines::order
