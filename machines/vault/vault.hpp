// machines/vault/vault.hpp: what stands for a Core Vault: which of its coins must stay in reserve, and what it may
// allocate by itself. A vault with such rules reviews them once a day. Pure: no clock, no I/O.
#pragma once

#include "machines/core/job.hpp"
#include "machines/core/result.hpp"
#include "machines/core/table.hpp"

namespace machines::vault {

enum class State { open };
// flex: the reserve took coins or gave some back, or its share was written down. propose: an allocation is proposed.
enum class Event { start, flex, propose };
enum class Command { none, review };
using enum State;
using enum Event;
using enum Command;

// clang-format off
inline constexpr auto transitions = table<State, Event, Command>({
    // from  on       to    then
    {open, flex,    open, review},
    {open, propose, open, review},
});
// clang-format on
static_assert(transitions.one_row_per_state_and_event());
static_assert(transitions.reaches_every_state_from(open));
static_assert(transitions.rests_only_in({}));

// No review is cancelled: nothing else would order the next one.
constexpr Result<Event, NotCancelled> when_cancelled(Command, State) { return fail(NotCancelled::review_of_a_vault); }

}  // namespace machines::vault
