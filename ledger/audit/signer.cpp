#include "ledger/audit/signer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <span>

#include "ledger/env/hex.hpp"
#include "machines/core/check.hpp"

namespace ledger::audit {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t signature_bytes = 64;
using Bytes = std::array<unsigned char, key_bytes>;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using OwnKey = std::unique_ptr<EVP_PKEY, FreeKey>;
using OwnContext = std::unique_ptr<EVP_MD_CTX, FreeKey>;

Audited<bool> write_file(const std::filesystem::path& path, const std::string& text, mode_t mode) {
  const std::string fresh = path.string() + ".new";
  ::unlink(fresh.c_str());  // left by a run that was killed; a link is not followed
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  const bool written = file >= 0 && ::fchmod(file, mode) == 0 &&
                       ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(file) == 0;
  const int why = errno;
  if (file >= 0) ::close(file);
  if (!written || ::rename(fresh.c_str(), path.c_str()) != 0)
    return machines::fail(
        AuditError{fmt::format("{}: can't be written: {}", path.string(), std::strerror(written ? errno : why))});
  return true;
}

}  // namespace

struct Signer::Key {
  OwnKey pair;
};

Audited<bool> Signer::make(const std::filesystem::path& path) {
  const OwnKey pair(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  CHECK(pair != nullptr);
  Bytes secret{}, open{};
  std::size_t size = key_bytes;
  CHECK(EVP_PKEY_get_raw_private_key(pair.get(), secret.data(), &size) == 1 && size == key_bytes);
  CHECK(EVP_PKEY_get_raw_public_key(pair.get(), open.data(), &size) == 1 && size == key_bytes);
  std::string text = env::to_hex(secret) + "\n";
  auto written = write_file(path, text, 0600);
  OPENSSL_cleanse(text.data(), text.size());
  OPENSSL_cleanse(secret.data(), key_bytes);
  if (!written) return written;
  return write_file(std::filesystem::path(path).replace_extension(".pub"), env::to_hex(open) + "\n", 0644);
}

Audited<Signer> Signer::open(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return machines::fail(AuditError{
        fmt::format("{}: {}; `bursar up` on this data folder makes it", path.string(), std::strerror(errno))});
  if ((status.st_mode & 077) != 0)
    return machines::fail(AuditError{fmt::format("{}: others may read this secret key (mode {:o}); run: chmod 600 {}",
                                                 path.string(), status.st_mode & 07777, path.string())});
  std::ifstream file(path);
  std::string line;
  Bytes secret{};
  if (!std::getline(file, line) || !env::from_hex(line, secret))
    return machines::fail(AuditError{fmt::format("{}: not a key file: 64 hex digits are expected", path.string())});
  OwnKey pair(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), key_bytes));
  OPENSSL_cleanse(secret.data(), key_bytes);
  OPENSSL_cleanse(line.data(), line.size());
  CHECK(pair != nullptr);
  return Signer(std::make_shared<const Key>(Key{std::move(pair)}));
}

std::string Signer::sign(std::string_view message) const {
  const OwnContext context(EVP_MD_CTX_new());
  std::array<unsigned char, signature_bytes> signature{};
  std::size_t size = signature_bytes;
  CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_->pair.get()) == 1);
  CHECK(EVP_DigestSign(context.get(), signature.data(), &size, reinterpret_cast<const unsigned char*>(message.data()),
                       message.size()) == 1);
  return env::to_hex(std::span(signature).first(size));
}

std::string Signer::public_key() const {
  Bytes open{};
  std::size_t size = key_bytes;
  CHECK(EVP_PKEY_get_raw_public_key(key_->pair.get(), open.data(), &size) == 1);
  return env::to_hex(open);
}

Audited<std::string> read_public_key(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  Bytes key{};
  if (!std::getline(file, line) || !env::from_hex(line, key))
    return machines::fail(
        AuditError{fmt::format("{}: not a public key file: one line of 64 hex digits is expected", path.string())});
  return line;
}

bool is_signed(std::string_view message, std::string_view signature, std::string_view public_key) {
  Bytes key{};
  std::array<unsigned char, signature_bytes> bytes{};
  if (!env::from_hex(public_key, key) || !env::from_hex(signature, bytes)) return false;
  const OwnKey open(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key_bytes));
  const OwnContext context(EVP_MD_CTX_new());
  return open && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, open.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes.data(), bytes.size(),
                          reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
}

}  // namespace ledger::audit
