// machines/core/names.hpp: the word of an enumerator, taken from the enumerator itself: code, SQL, logs and pictures
// share it. Enumerators must be contiguous from 0 and at most 64. Pure, constexpr, no throw.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace machines {
namespace detail {

template <auto E>
constexpr std::string_view enumerator_text() {
  // g++: "... [with auto E = ns::State::open; ...]"; clang: "... [E = ns::State::open]".
  std::string_view text = __PRETTY_FUNCTION__;
  const auto start = text.find("E = ") + 4;
  text = text.substr(start, text.find_first_of(";]", start) - start);
  return text;
}

// A number without a name is a cast, "(ns::State)5"; clang also writes brackets in "(anonymous
// namespace)::State::open".
constexpr bool is_named(std::string_view text) {
  const auto bracket = text.rfind(')');
  return bracket == std::string_view::npos || text.substr(bracket + 1).starts_with("::");
}

template <class E, std::size_t... I>
constexpr std::size_t count_names(std::index_sequence<I...>) {
  return (static_cast<std::size_t>(is_named(enumerator_text<static_cast<E>(I)>())) + ...);
}

constexpr std::string_view last_word(std::string_view text) {
  const auto colon = text.rfind(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

template <class E, std::size_t... I>
constexpr auto make_names(std::index_sequence<I...>) {
  return std::array<std::string_view, sizeof...(I)>{last_word(enumerator_text<static_cast<E>(I)>())...};
}

}  // namespace detail

// How many enumerators E has.
template <class E>
inline constexpr std::size_t count_of = detail::count_names<E>(std::make_index_sequence<64>{});

// The words of E in the order of its enumerators; a trailing underscore (void_) is kept out of the word.
template <class E>
inline constexpr auto names_of = detail::make_names<E>(std::make_index_sequence<count_of<E>>{});

// The word of one enumerator, without a trailing underscore; it points to static storage. REQUIRES: `value` is one of
// E's enumerators, not a number cast to E.
template <class E>
constexpr std::string_view name_of(E value) {
  std::string_view word = names_of<E>[static_cast<std::size_t>(value)];
  if (word.ends_with('_')) word.remove_suffix(1);
  return word;
}

// The enumerator of a word, or nothing when E has no such word.
template <class E>
constexpr std::optional<E> from_name(std::string_view word) {
  for (std::size_t i = 0; i < count_of<E>; ++i)
    if (name_of(static_cast<E>(i)) == word) return static_cast<E>(i);
  return std::nullopt;
}

}  // namespace machines
