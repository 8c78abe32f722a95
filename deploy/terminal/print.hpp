// deploy/terminal/print.hpp: print_text(), the one way in which this program writes to a terminal: whatever text it is
// given to fill in is made visible first (machines/core/visible.hpp), so that no name, reason or --why of a person or a
// venue speaks to the terminal or forges a line. JSON escapes by itself and goes to std::cout. Text that can't be
// written is lost, and never an exception (streams.hpp).
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "deploy/terminal/streams.hpp"
#include "machines/core/visible.hpp"

namespace deploy {

// A text of several lines that we composed: its lines stay, the rest of it is made visible.
struct Lines {
  std::string text;
};

namespace printing {

template <class T>
constexpr bool is_text = std::is_convertible_v<const std::remove_cvref_t<T>&, std::string_view>;
template <class T>
constexpr bool is_lines = std::is_same_v<std::remove_cvref_t<T>, Lines>;
// What stands for a T in the format string.
template <class T>
using Shown = std::conditional_t<is_text<T> || is_lines<T>, std::string, std::remove_cvref_t<T>>;

// The value as it may be written: text made visible, anything else as it is.
template <class T>
Shown<T> shown(const T& value) {
  if constexpr (is_lines<T>)
    return machines::visible_lines(value.text);
  else if constexpr (is_text<T>)
    return machines::visible(value);
  else
    return value;
}

}  // namespace printing

// Fills the parts into the text, each made visible first, and writes it to `to`, or to standard output. The format
// string is checked by the compiler; it is ours, and is written as it is.
template <class... Parts>
void print_text(std::FILE* to, fmt::format_string<printing::Shown<Parts>...> text, const Parts&... parts) {
  const std::tuple<printing::Shown<Parts>...> values{printing::shown(parts)...};
  std::apply([&](const auto&... value) { write_text(to, fmt::vformat(text, fmt::make_format_args(value...))); },
             values);
}
template <class... Parts>
void print_text(fmt::format_string<printing::Shown<Parts>...> text, const Parts&... parts) {
  print_text(stdout, text, parts...);
}

}  // namespace deploy
