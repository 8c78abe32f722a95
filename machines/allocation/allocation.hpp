// machines/allocation/allocation.hpp: one movement of coins between the outside, a vault and its sleeves: who, how
// much, why. Pure: no clock, no I/O.
#pragma once

#include "machines/core/table.hpp"

namespace machines::allocation {

enum class State { requested, settled, refused };
enum class Event { request, settle, refuse };
enum class Command { none, allocate };
using enum State;
using enum Event;
using enum Command;

// clang-format off
inline constexpr auto transitions = table<State, Event, Command>({
    // from     on      to       then
    {requested, settle, settled, none},
    {requested, refuse, refused, none},
});
// clang-format on
static_assert(transitions.one_row_per_state_and_event());
static_assert(transitions.reaches_every_state_from(requested));
static_assert(transitions.rests_only_in({settled, refused}));

}  // namespace machines::allocation
