// ledger/env/hex.hpp: bytes as lower-case hexadecimal digits, and back. Pure, no throw.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ledger::env {

// Two digits a byte.
std::string to_hex(std::span<const std::uint8_t> bytes);
std::string to_hex(std::string_view bytes);

// 0 to 15; -1 where it is no lower-case digit.
int hex_digit(char c);

// Fills `into`. False, and `into` is partly filled, unless the text is exactly two lower-case digits for each byte.
[[nodiscard]] bool from_hex(std::string_view text, std::span<std::uint8_t> into);
// As many bytes as there are pairs of digits; nothing where a digit is none, or has no partner.
std::optional<std::string> from_hex(std::string_view text);

}  // namespace ledger::env
