#include <algorithm>

#include "schemas/codec/convert.hpp"

namespace schemas {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

// How many bytes the letter that begins here has; 0 where no valid one does (RFC 3629).
std::size_t letter_size(std::string_view text) {
  const std::uint8_t first = byte_at(text, 0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const std::size_t size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte_at(text, i) & 0xC0) != 0x80) return 0;
  const std::uint8_t second = byte_at(text, 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool no_letter = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || no_letter ? 0 : size;
}

}  // namespace

std::string readable(std::string_view text) {
  std::string made;
  while (!text.empty()) {
    const std::size_t size = letter_size(text);
    if (made.size() + std::max<std::size_t>(size, 1) > longest_sentence) break;
    if (size == 0)
      made += '?';
    else
      made.append(text.substr(0, size));
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return made;
}

}  // namespace schemas
