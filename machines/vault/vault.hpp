// machines/vault/vault.hpp: what stands for a Core Vault: which of its coins must stay in reserve. A fixed share, or
// one that flexes with the measured volatility of the pairs that its sleeves trade. Pure: no clock, no I/O.
#pragma once

#include "machines/core/table.hpp"
#include "machines/policy/reserve.hpp"

namespace machines::vault {

enum class State { open };
enum class Event { start, set_reserve, flex };
enum class Command { none, measure };
using enum State;
using enum Event;
using enum Command;

inline constexpr auto transitions = table<State, Event, Command>({
  // from  on           to    then
    {open, set_reserve, open, measure},
    {open, flex,        open, measure},
});
static_assert(transitions.one_row_per_state_and_event());
static_assert(transitions.reaches_every_state_from(open));
static_assert(transitions.rests_only_in({}));

struct Data {
  policy::Reserve reserve;
};

}  // namespace machines::vault
