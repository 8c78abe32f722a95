// machines/catalog/catalog.hpp: every kind of machine that ships, in one table of words: its versions, and of each the
// rows, where it starts and ends, what lets something leave the house, what asks outside. The one place that includes
// every machine; code that asks for kinds reads it. A new kind is one line in catalog.cpp. Pure: no clock, no I/O, no
// throw. All words are names of enumerators: they outlive every reader.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "machines/core/job.hpp"
#include "machines/core/result.hpp"

namespace machines::catalog {

// One row of a table: "from, on this event, becomes to, then command"; `then` is "none" where it orders nothing.
struct Row {
  std::string_view from, on, to, then;
  std::string_view why;           // why it is there, where a reader would ask; else ""
  bool then_is_optional = false;  // it is also taken without its command
};

// An instance comes into being by this event, in this state. No row is taken by an event of a birth.
struct Birth {
  std::string_view on, to;
};

// What a machine in this state gets in the place of a job with this command that a person cancels, or why it stays.
struct Cancelling {
  std::string_view command, state;
  Result<std::string_view, NotCancelled> gets;
};

// One version of a machine: what its code and its rows were when instances were pinned to it.
struct Version {
  int number = 1;
  std::string_view start;                          // where instances are born, but for births that say otherwise
  std::vector<std::string_view> states, commands;  // in the order of their enumerators, without "none"
  std::vector<std::string_view> finals;            // states that no row leaves
  std::vector<std::string_view> leaving;           // events after which a request may have left the house
  std::vector<std::string_view> outside;           // commands that ask a party outside the house
  std::vector<Row> rows;
  std::vector<Birth> births;
  std::vector<Cancelling> cancellings;  // one for each command and state, or none: no job of it is ever cancelled

  // Whether this word is one of `states`, or one of `finals`. Any other text: false.
  [[nodiscard]] bool has_state(std::string_view state) const;
  [[nodiscard]] bool is_final(std::string_view state) const;
  // Whether a stored move is one of this machine. `from` is "" at a birth, which may order anything.
  [[nodiscard]] bool allows(std::string_view from, std::string_view on, std::string_view to,
                            std::string_view then) const;
  // What a cancelled job means to a machine in that state. Errors: unlisted where this machine does not say.
  [[nodiscard]] Result<std::string_view, NotCancelled> cancelled(std::string_view command,
                                                                 std::string_view state) const;
};

enum class MovedBy {
  workers,   // it has jobs, and a handler that takes them (workers/handlers)
  steps,     // it has no jobs: steps of others, and what people order, take it along
  functions  // functions in SQL alone (schemas/sql/functions)
};

struct Kind {
  std::string_view word;
  MovedBy moved_by = MovedBy::workers;
  // A live one may wait for a person, or for a venue's word, with nothing in the house that will move it.
  bool stands = false;
  std::vector<Version> versions;  // oldest first; never empty
};

using Catalog = std::vector<Kind>;

// All that this program knows. Made at the first call, and the same object ever after; any thread may read it.
const Catalog& kinds();

// Nothing where the catalog has no such kind, or no such version of it. The catalog keeps what is returned.
const Kind* find(const Catalog& all, std::string_view word);
const Version* find(const Catalog& all, std::string_view word, int number);

// Of the machines that ship: whether a move by this event lets a request leave the house, in any version; a freeze of
// everything holds it back. No such kind: false.
bool lets_leave(std::string_view kind, std::string_view event);
// Of the machines that ship: whether this command asks a party outside the house, in any version.
bool goes_outside(std::string_view kind, std::string_view command);

// The words of all kinds that ship, or of those that are moved so, in the catalog's order.
std::vector<std::string_view> words();
std::vector<std::string_view> words(MovedBy by);
// The words in one sentence part for people: "order, sleeve_cycle and key"; "" where there is none.
std::string listed(const std::vector<std::string_view>& words);

}  // namespace machines::catalog
