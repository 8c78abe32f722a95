// machines/core/table.hpp: the transition-table engine: constexpr rows {from, on, to, then} and the checks that a table
// must pass. A table has no guards: a condition is an event not yet named. Pure, constexpr, no throw.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "machines/core/names.hpp"

namespace machines {

// "from, on this event, becomes to, then command". `why` is for a reader who would ask: pictures print it.
template <class State, class Event, class Command>
struct Row {
  State from;
  Event on;
  State to;
  Command then;
  std::string_view why = {};
};

template <class State, class Event, class Command, std::size_t N>
struct Table {
  using row_type = Row<State, Event, Command>;
  std::array<row_type, N> rows;

  // The row of this pair, or nothing: an unlisted pair is a refusal of the caller's, never silence.
  [[nodiscard]] constexpr std::optional<row_type> find(State from, Event on) const {
    for (const row_type& row : rows)
      if (row.from == from && row.on == on) return row;
    return std::nullopt;
  }

  // No pair of state and event has two rows, so that find() has one answer.
  [[nodiscard]] constexpr bool one_row_per_state_and_event() const {
    for (std::size_t i = 0; i < N; ++i)
      for (std::size_t j = i + 1; j < N; ++j)
        if (rows[i].from == rows[j].from && rows[i].on == rows[j].on) return false;
    return true;
  }

  // From `start`, by some sequence of rows, the machine can come to every state of State.
  [[nodiscard]] constexpr bool reaches_every_state_from(State start) const {
    std::array<bool, count_of<State>> seen{};
    seen[static_cast<std::size_t>(start)] = true;
    for (std::size_t round = 0; round < seen.size(); ++round)
      for (const row_type& row : rows)
        if (seen[static_cast<std::size_t>(row.from)]) seen[static_cast<std::size_t>(row.to)] = true;
    for (const bool reached : seen)
      if (!reached) return false;
    return true;
  }

  // Whether no row leaves this state: the machine rests there for ever.
  [[nodiscard]] constexpr bool is_final(State state) const {
    for (const row_type& row : rows)
      if (row.from == state) return false;
    return true;
  }

  // Exactly these states are final.
  [[nodiscard]] constexpr bool rests_only_in(std::initializer_list<State> named) const {
    for (std::size_t i = 0; i < count_of<State>; ++i) {
      bool listed = false;
      for (const State state : named) listed = listed || static_cast<std::size_t>(state) == i;
      if (is_final(static_cast<State>(i)) != listed) return false;
    }
    return true;
  }
};

// Built through a function because clang 14 rejects aggregate deduction here.
template <class State, class Event, class Command, std::size_t N>
constexpr Table<State, Event, Command, N> table(const Row<State, Event, Command> (&rows)[N]) {
  Table<State, Event, Command, N> made{};
  for (std::size_t i = 0; i < N; ++i) made.rows[i] = rows[i];
  return made;
}

}  // namespace machines
