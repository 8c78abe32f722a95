// ledger/env/random.hpp: bytes that nobody can guess, from OpenSSL's generator. A replay asks for none: its draws come
// from a hash of the world. No throw; without a source of randomness the program ends.
#pragma once

#include <cstdint>
#include <span>

namespace ledger::env {

// Fit for keys, nonces and passwords.
void fill_random(std::span<std::uint8_t> bytes);

}  // namespace ledger::env
