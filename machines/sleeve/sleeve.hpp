// machines/sleeve/sleeve.hpp: what stands for a sleeve between its cycles: what its vault has given it. It stands until
// a person moves it; an allocation moves it in the same step. Pure: no clock, no I/O.
#pragma once

#include "machines/core/amount.hpp"
#include "machines/core/table.hpp"

namespace machines::sleeve {

enum class State { open };
enum class Event { start, allocate, reclaim };
enum class Command { none };
using enum State;
using enum Event;
using enum Command;

// clang-format off
inline constexpr auto transitions = table<State, Event, Command>({
    // from  on        to    then
    {open, allocate, open, none},
    {open, reclaim,  open, none},
});
// clang-format on
static_assert(transitions.one_row_per_state_and_event());
static_assert(transitions.reaches_every_state_from(open));
static_assert(transitions.rests_only_in({}));

// The sleeve's own variable, in minor units of its quote asset.
struct Data {
  Amount allocation;  // given and not taken back: what a flash sleeve keeps; a loss is carried, it changes nothing here
};

}  // namespace machines::sleeve
