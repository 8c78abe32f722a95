// machines/control/control.hpp: a pause or a freeze, from the order to its end: who, why, what. The flags that
// decisions look at are set in the same transaction (schemas/sql/functions/controls). Pure: no clock, no I/O.
#pragma once

#include "machines/core/table.hpp"

namespace machines::control {

// in_force: the measure stops what it names. lifted: it no longer does, for ever; a new order is a new instance.
enum class State { in_force, lifted };
enum class Event { impose, lift };
enum class Command { none };
using enum State;
using enum Event;
using enum Command;

// clang-format off
inline constexpr auto transitions = table<State, Event, Command>({
    // from      on    to      then
    {in_force, lift, lifted, none},
});
// clang-format on
static_assert(transitions.one_row_per_state_and_event());
static_assert(transitions.reaches_every_state_from(in_force));
static_assert(transitions.rests_only_in({lifted}));

}  // namespace machines::control
