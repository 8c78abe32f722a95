// ledger/model/sha256.hpp: SHA-256 (FIPS 180-4) for the model, which may lean on nothing outside machines. Not for
// secrets: no promise about timing. Pure, no throw.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace ledger::model {

// The 32 bytes of the digest, for bytes of any length.
std::array<std::uint8_t, 32> sha256(std::string_view bytes);
// Lower-case hexadecimal.
std::string sha256_hex(std::string_view bytes);

}  // namespace ledger::model
