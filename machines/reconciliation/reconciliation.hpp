// machines/reconciliation/reconciliation.hpp: a break: a difference between a venue's statement and the ledger, from
// the step that found it to its explanation. It waits in quarantine, in a person's care; only an explanation leads out.
// Closed is out of sight, not beyond recall: an explanation that proves wrong later is taken back as any other, and the
// break waits again. What the venue explains by itself is born closed. Pure: no clock, no I/O.
#pragma once

#include "machines/core/table.hpp"

namespace machines::reconciliation {

enum class State { open, explained, closed };
enum class Event {
  find,  // its birth, open
  book,  // its birth, closed: the venue knows the trade
  explain_part,
  explain,
  assign,
  close,
  undo
};
enum class Command { none };
using enum State;
using enum Event;
using enum Command;

// clang-format off
inline constexpr auto transitions = table<State, Event, Command>({
    // from      on            to         then
    {open,      explain_part, open,      none},
    {open,      explain,      explained, none},
    {open,      assign,       open,      none},
    {open,      undo,         open,      none, "a part of it was explained"},
    {explained, close,        closed,    none},
    {explained, undo,         open,      none},
    {closed,    undo,         open,      none, "closed is out of sight, not beyond recall"},
});
// clang-format on
static_assert(transitions.one_row_per_state_and_event());
static_assert(transitions.reaches_every_state_from(open));
static_assert(transitions.rests_only_in({}));

}  // namespace machines::reconciliation
