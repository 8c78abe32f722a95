#include "ledger/env/random.hpp"

#include <openssl/rand.h>

#include "machines/core/check.hpp"

namespace ledger::env {

void fill_random(std::span<std::uint8_t> bytes) {
  CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
}

}  // namespace ledger::env
