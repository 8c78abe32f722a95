#include "ledger/env/sha256.hpp"

#include <openssl/evp.h>

#include "ledger/env/hex.hpp"
#include "machines/core/check.hpp"

namespace ledger::env {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

Sha256 sha256(std::span<const std::uint8_t> bytes) {
  Sha256 digest{};
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return digest;
}

Sha256 sha256(std::string_view bytes) { return sha256(bytes_of(bytes)); }

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

struct Sha256Stream::Context {
  EVP_MD_CTX* of = EVP_MD_CTX_new();
  Context() = default;
  ~Context() { EVP_MD_CTX_free(of); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Sha256Stream::Sha256Stream() : context_(std::make_unique<Context>()) {
  CHECK(context_->of != nullptr && EVP_DigestInit_ex(context_->of, EVP_sha256(), nullptr) == 1);
}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::add(std::span<const std::uint8_t> bytes) {
  CHECK(EVP_DigestUpdate(context_->of, bytes.data(), bytes.size()) == 1);
}

void Sha256Stream::add(std::string_view bytes) { add(bytes_of(bytes)); }

Sha256 Sha256Stream::end() {
  Sha256 digest{};
  CHECK(EVP_DigestFinal_ex(context_->of, digest.data(), nullptr) == 1);
  return digest;
}

}  // namespace ledger::env
