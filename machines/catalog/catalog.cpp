#include "machines/catalog/catalog.hpp"

#include <algorithm>
#include <utility>

#include "machines/allocation/allocation.hpp"
#include "machines/control/control.hpp"
#include "machines/core/table.hpp"
#include "machines/firing/firing.hpp"
#include "machines/intervention/intervention.hpp"
#include "machines/key/key.hpp"
#include "machines/order/order.hpp"
#include "machines/reconciliation/reconciliation.hpp"
#include "machines/resolution/resolution.hpp"
#include "machines/sleeve/sleeve.hpp"
#include "machines/sleeve_cycle/sleeve_cycle.hpp"
#include "machines/vault/vault.hpp"

namespace machines::catalog {
namespace {

// What a table does not say of its machine.
template <class State, class Event, class Command>
struct Notes {
  bool (*lets_leave)(Event) = nullptr;
  bool (*goes_outside)(Command) = nullptr;
  Result<Event, NotCancelled> (*when_cancelled)(Command, State) = nullptr;
  std::vector<std::pair<Event, State>> born_in{};  // births into another state than the start
  bool may_order_nothing = false;                  // a row is also taken without its command
};

template <class Enum>
std::vector<std::string_view> words_where(bool (*holds)(Enum)) {
  std::vector<std::string_view> found;
  for (std::size_t at = 0; holds != nullptr && at < count_of<Enum>; ++at)
    if (holds(static_cast<Enum>(at))) found.push_back(name_of(static_cast<Enum>(at)));
  return found;
}

template <class State, class Event, class Command>
std::vector<Cancelling> cancellings_by(Result<Event, NotCancelled> (*when_cancelled)(Command, State)) {
  std::vector<Cancelling> all;
  for (std::size_t n = 0; n < count_of<Command> * count_of<State>; ++n) {
    const auto command = static_cast<Command>(n / count_of<State>);
    const auto state = static_cast<State>(n % count_of<State>);
    if (name_of(command) == "none") continue;
    const auto gets = when_cancelled(command, state);
    if (gets) all.push_back({name_of(command), name_of(state), name_of(*gets)});
    if (!gets) all.push_back({name_of(command), name_of(state), fail(gets.error())});
  }
  return all;
}

// A birth is by an event that no row uses.
template <class State, class Event, class Command, std::size_t N>
Version version(int number, State start, const Table<State, Event, Command, N>& table,
                const Notes<State, Event, Command>& notes = {}) {
  Version made;
  made.number = number;
  made.start = name_of(start);
  for (std::size_t at = 0; at < count_of<State>; ++at) {
    made.states.push_back(name_of(static_cast<State>(at)));
    if (table.is_final(static_cast<State>(at))) made.finals.push_back(made.states.back());
  }
  for (std::size_t at = 0; at < count_of<Command>; ++at)
    if (name_of(static_cast<Command>(at)) != "none") made.commands.push_back(name_of(static_cast<Command>(at)));
  made.leaving = words_where(notes.lets_leave);
  made.outside = words_where(notes.goes_outside);
  for (const auto& row : table.rows)
    made.rows.push_back(
        {name_of(row.from), name_of(row.on), name_of(row.to), name_of(row.then), row.why, notes.may_order_nothing});
  for (std::size_t at = 0; at < count_of<Event>; ++at) {
    const auto event = static_cast<Event>(at);
    if (std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) { return row.on == event; })) continue;
    State into = start;
    for (const auto& [by, other] : notes.born_in)
      if (by == event) into = other;
    made.births.push_back({name_of(event), name_of(into)});
  }
  if (notes.when_cancelled != nullptr) made.cancellings = cancellings_by(notes.when_cancelled);
  return made;
}

Catalog all_that_ship() {
  using enum MovedBy;
  constexpr bool stands = true, moves = false;
  // clang-format off
  return {
      // word          moved by   alive   versions
      {"order",        workers,   moves,  {version(1, order::drafted, order::transitions,
                                                   {.lets_leave = order::lets_leave,
                                                    .goes_outside = order::goes_outside,
                                                    .when_cancelled = order::when_cancelled})}},
      {"sleeve_cycle", workers,   moves,  {version(1, sleeve_cycle::watching, sleeve_cycle::transitions,
                                                   {.when_cancelled = sleeve_cycle::when_cancelled})}},
      {"allocation",   workers,   moves,  {version(1, allocation::requested, allocation::transitions)}},
      {"vault",        workers,   stands, {version(1, vault::open, vault::transitions,
                                                   {.when_cancelled = vault::when_cancelled,
                                                    .may_order_nothing = true})}},
      {"sleeve",       steps,     stands, {version(1, sleeve::open, sleeve::transitions)}},
      {"control",      functions, stands, {version(1, control::in_force, control::transitions)}},
      {"intervention", functions, moves,  {version(1, intervention::ordered, intervention::transitions)}},
      {"resolution",   steps,     stands, {version(1, resolution::unconfirmed, resolution::transitions)}},
      {"key",          steps,     moves,  {version(1, key::resting, key::transitions)}},
      {"firing",       functions, moves,  {version(1, firing::due, firing::transitions)}},
      {"break",        steps,     stands, {version(1, reconciliation::open, reconciliation::transitions,
                                                   {.born_in = {{reconciliation::book, reconciliation::closed}}})}},
  };
  // clang-format on
}

bool has(const std::vector<std::string_view>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

bool Version::has_state(std::string_view state) const { return has(states, state); }
bool Version::is_final(std::string_view state) const { return has(finals, state); }

bool Version::allows(std::string_view from, std::string_view on, std::string_view to, std::string_view then) const {
  if (from.empty())
    return std::any_of(births.begin(), births.end(),
                       [&](const Birth& birth) { return birth.on == on && birth.to == to; });
  return std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
    return row.from == from && row.on == on && row.to == to &&
           (row.then == then || (row.then_is_optional && then == "none"));
  });
}

Result<std::string_view, NotCancelled> Version::cancelled(std::string_view command, std::string_view state) const {
  for (const Cancelling& one : cancellings)
    if (one.command == command && one.state == state) return one.gets;
  return fail(NotCancelled::unlisted);
}

const Catalog& kinds() {
  static const Catalog all = all_that_ship();
  return all;
}

const Kind* find(const Catalog& all, std::string_view word) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Kind& kind) { return kind.word == word; });
  return found == all.end() ? nullptr : &*found;
}

const Version* find(const Catalog& all, std::string_view word, int number) {
  const Kind* kind = find(all, word);
  if (kind == nullptr) return nullptr;
  for (const Version& version : kind->versions)
    if (version.number == number) return &version;
  return nullptr;
}

bool lets_leave(std::string_view kind, std::string_view event) {
  const Kind* known = find(kinds(), kind);
  return known != nullptr && std::any_of(known->versions.begin(), known->versions.end(),
                                         [&](const Version& version) { return has(version.leaving, event); });
}

bool goes_outside(std::string_view kind, std::string_view command) {
  const Kind* known = find(kinds(), kind);
  return known != nullptr && std::any_of(known->versions.begin(), known->versions.end(),
                                         [&](const Version& version) { return has(version.outside, command); });
}

std::vector<std::string_view> words() {
  std::vector<std::string_view> all;
  for (const Kind& kind : kinds()) all.push_back(kind.word);
  return all;
}

std::vector<std::string_view> words(MovedBy by) {
  std::vector<std::string_view> all;
  for (const Kind& kind : kinds())
    if (kind.moved_by == by) all.push_back(kind.word);
  return all;
}

std::string listed(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t at = 0; at < words.size(); ++at)
    text.append(at == 0 ? "" : at + 1 == words.size() ? " and " : ", ").append(words[at]);
  return text;
}

}  // namespace machines::catalog
