// ledger/env/sha256.hpp: SHA-256 (FIPS 180-4) of bytes at hand, or of bytes that come piece by piece. No throw.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ledger::env {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);
Sha256 sha256(std::span<const std::uint8_t> bytes);
// In 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

// Of all that was added, in order. Moved from: only to be destroyed.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;

  void add(std::string_view bytes);
  void add(std::span<const std::uint8_t> bytes);
  // Once, at the end.
  Sha256 end();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace ledger::env
