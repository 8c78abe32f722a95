// ledger/audit/signer.hpp: the deployment's Ed25519 key, with which it signs what it has verified. A secret file that
// others may read is refused. The secret stays inside OpenSSL; no exception leaves this.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "machines/core/result.hpp"

namespace ledger::audit {

struct AuditError {
  std::string text;  // one line: what, where, what to do
};
template <class T>
using Audited = machines::Result<T, AuditError>;

class Signer {
 public:
  // Makes PATH (0600) and the public key beside it, PATH with the extension .pub. Errors: a file can't be written.
  static Audited<bool> make(const std::filesystem::path& path);
  // Errors: absent, not a key, or readable by others than its owner.
  static Audited<Signer> open(const std::filesystem::path& path);
  // 128 hex digits.
  [[nodiscard]] std::string sign(std::string_view message) const;
  [[nodiscard]] std::string public_key() const;  // 64 hex digits

 private:
  struct Key;
  explicit Signer(std::shared_ptr<const Key> key) : key_(std::move(key)) {}
  std::shared_ptr<const Key> key_;
};

// The 64 hex digits of a public key file. Errors: absent, or something else.
Audited<std::string> read_public_key(const std::filesystem::path& path);
// Whether the signature (128 hex digits) is one of the message by this public key (64 hex digits); false for any text
// that is neither.
bool is_signed(std::string_view message, std::string_view signature, std::string_view public_key);

}  // namespace ledger::audit
