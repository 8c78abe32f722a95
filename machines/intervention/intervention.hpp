// machines/intervention/intervention.hpp: an operator's order about jobs (retry, park, cancel) or versions (migrate):
// who, why, what it changed. Born and carried out in the transaction that does it (schemas/sql/functions/operator), so
// that the history and the audit chain hold it for ever. Pure: no clock, no I/O.
#pragma once

#include "machines/core/table.hpp"

namespace machines::intervention {

enum class State { ordered, carried_out };
enum class Event { order, carry_out };
enum class Command { none };
using enum State;
using enum Event;
using enum Command;

// clang-format off
inline constexpr auto transitions = table<State, Event, Command>({
    // from     on         to           then
    {ordered, carry_out, carried_out, none},
});
// clang-format on
static_assert(transitions.one_row_per_state_and_event());
static_assert(transitions.reaches_every_state_from(ordered));
static_assert(transitions.rests_only_in({carried_out}));

}  // namespace machines::intervention
