// machines/sleeve_cycle/sleeve_cycle.hpp: one cycle of a sleeve, from watching the price to the full close of its
// position. Pure: no clock, no I/O. A timer brings `evaluate`; the child order brings what the venue did,
// reconciliation what others did there. A pause lets an open position leave by its own rules: only a cycle that watches
// comes to rest.
#pragma once

#include "machines/core/job.hpp"
#include "machines/core/result.hpp"
#include "machines/core/table.hpp"

namespace machines::sleeve_cycle {

enum class State { watching, entering, holding, leaving, closed, paused };
enum class Event {
  start,
  entry_signal,
  entry_filled,
  entry_failed,
  exit_signal,
  exit_filled,
  exit_failed,
  pause,
  resume,
  reduce_outside,  // a part of the position was sold, and not by this house
  close_outside
};
enum class Command { none, evaluate, place_order, start_next };
using enum State;
using enum Event;
using enum Command;

// clang-format off
inline constexpr auto transitions = table<State, Event, Command>({
    // from    on            to        then
    {watching, entry_signal,   entering, place_order},
    {entering, entry_filled,   holding,  evaluate   },
    {entering, entry_failed,   watching, evaluate   },
    {holding,  exit_signal,    leaving,  place_order},
    {leaving,  exit_filled,    closed,   start_next },
    {leaving,  exit_failed,    holding,  evaluate   },
    {watching, pause,          paused,   none,        "an open position leaves first, by its own rules"},
    {paused,   resume,         watching, evaluate   },
    {holding,  reduce_outside, holding,  none,        "the timer that stands goes on looking"},
    {holding,  close_outside,  closed,   start_next },
});
// clang-format on
static_assert(transitions.one_row_per_state_and_event());
static_assert(transitions.reaches_every_state_from(watching));
static_assert(transitions.rests_only_in({closed}));

// No job of a cycle is cancelled: nothing else would wake it.
constexpr Result<Event, NotCancelled> when_cancelled(Command, State) { return fail(NotCancelled::timer_of_a_cycle); }

}  // namespace machines::sleeve_cycle
