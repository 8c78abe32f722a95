// machines/core/visible.hpp: a text of a person or a venue made fit for a terminal, a table or a log: it can move no
// cursor, forge no line and turn no reading order. Pure.
#pragma once

#include <string>
#include <string_view>

namespace machines {

// The text in which every control character (also those of Unicode, and its marks of reading order) stands written out,
// as \n, \x1b or \u202e, and every byte that is no UTF-8 as \xff. Any other text comes back as it is.
std::string visible(std::string_view text);
// The same of a text that we composed, of several lines: the ends of its lines stay.
std::string visible_lines(std::string_view text);

// Whether the bytes are well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. An empty text is.
bool is_utf8(std::string_view text);

}  // namespace machines
