// machines/core/diagram.hpp: a transition table as a picture: Mermaid's stateDiagram-v2, straight from the rows. Pure.
#pragma once

#include <string>

#include "machines/core/table.hpp"

namespace machines {

// One line per row: "from --> to: event / command"; `none` is left out. `start` is where instances are born.
template <class State, class Event, class Command, std::size_t N>
std::string mermaid(const Table<State, Event, Command, N>& table, State start) {
  std::string text = "stateDiagram-v2\n";
  text.append("  [*] --> ").append(name_of(start)).append("\n");
  for (const auto& row : table.rows) {
    text.append("  ")
        .append(name_of(row.from))
        .append(" --> ")
        .append(name_of(row.to))
        .append(": ")
        .append(name_of(row.on));
    if (name_of(row.then) != "none") text.append(" / ").append(name_of(row.then));
    text.append("\n");
  }
  for (std::size_t i = 0; i < count_of<State>; ++i)
    if (table.is_final(static_cast<State>(i)))
      text.append("  ").append(name_of(static_cast<State>(i))).append(" --> [*]\n");
  return text;
}

}  // namespace machines
