// machines/firing/firing.hpp: one firing of a schedule, from its time to its end. Born, and moved, by functions in SQL
// (schemas/sql/functions/schedules), so that the history and the audit chain hold it. A firing whose performer died
// goes back to due: what schedules do may be done again. Pure: no clock, no I/O.
#pragma once

#include "machines/core/table.hpp"

namespace machines::firing {

enum class State { due, running, done, failed, skipped };
// lose: its performer is gone. skip: the firing before has not ended, and the schedule
// does not overlap; or 100 wait already.
enum class Event { fire, start, finish, fail, lose, skip };
enum class Command { none };
using enum State;
using enum Event;
using enum Command;

// clang-format off
inline constexpr auto transitions = table<State, Event, Command>({
    // from     on      to       then
    {due,     start,  running, none},
    {due,     skip,   skipped, none},
    {running, finish, done,    none},
    {running, fail,   failed,  none},
    {running, lose,   due,     none, "what schedules do may be done twice"},
});
// clang-format on
static_assert(transitions.one_row_per_state_and_event());
static_assert(transitions.reaches_every_state_from(due));
static_assert(transitions.rests_only_in({done, failed, skipped}));

}  // namespace machines::firing
