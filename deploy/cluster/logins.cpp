#include "deploy/cluster/logins.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>
#include <string_view>
#include <vector>

#include "ledger/env/hex.hpp"
#include "ledger/env/random.hpp"
#include "ledger/env/sha256.hpp"
#include "machines/core/check.hpp"

namespace deploy {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<unsigned char>;
using Key = ledger::env::Sha256;

Clustered<machines::Nothing> failed(std::string text) { return machines::fail(ClusterError{std::move(text), 1}); }

Bytes random_bytes(std::size_t count) {
  Bytes bytes(count);
  ledger::env::fill_random(bytes);
  return bytes;
}

std::string random_password() { return ledger::env::to_hex(random_bytes(24)); }

template <class Range>
std::string base64(const Range& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

Key hmac(const Key& key, std::string_view text) {
  Key made{};
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), made.data(), nullptr) != nullptr);
  return made;
}

// What PostgreSQL stores for a password (RFC 5803): it is never told the password itself.
std::string scram_verifier(const std::string& password) {
  constexpr int rounds = 4096;
  const Bytes salt = random_bytes(16);
  Key salted{};
  CHECK(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(),
                          static_cast<int>(salt.size()), rounds, EVP_sha256(), static_cast<int>(salted.size()),
                          salted.data()) == 1);
  const Key client = hmac(salted, "Client Key");
  const Key stored = ledger::env::sha256(client);
  return fmt::format("SCRAM-SHA-256${}:{}${}:{}", rounds, base64(salt), base64(stored),
                     base64(hmac(salted, "Server Key")));
}

// Written beside and renamed: its folder is ours alone.
Clustered<machines::Nothing> keep(const fs::path& folder, const std::string& text) {
  const fs::path file = password_file(folder);
  const std::string side = file.string() + ".new";
  const auto because = [&] { return failed(fmt::format("can't write {}: {}", file.string(), strerror(errno))); };
  if (mkdir(file.parent_path().c_str(), 0700) != 0 && errno != EEXIST) return because();
  if (chmod(file.parent_path().c_str(), 0700) != 0) return because();
  if (unlink(side.c_str()) != 0 && errno != ENOENT) return because();
  const int written = open(side.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (written < 0) return because();
  const bool fine =
      write(written, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(written) == 0;
  close(written);
  if (!fine || rename(side.c_str(), file.c_str()) != 0) return because();
  return machines::Nothing{};
}

// A command a line: that is how a server without connections is spoken to.
std::string command_for(const std::string& role, const std::string& password) {
  return fmt::format(
      "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{0}') THEN CREATE ROLE {0}; END IF; ALTER ROLE "
      "{0} "
      "LOGIN PASSWORD '{1}'; END $$;\n",
      role, scram_verifier(password));
}

}  // namespace

fs::path password_file(const fs::path& folder) { return folder / "access" / "pgpass"; }

std::optional<std::string> password_of(const fs::path& folder, const std::string& role) {
  const auto text = read_plain(password_file(folder));
  std::istringstream lines(text.value_or(""));
  const std::string before = "*:*:*:" + role + ":";
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(before)) return line.substr(before.size());
  return std::nullopt;
}

bool has_passwords(const fs::path& folder) {
  for (const char* role : cluster_logins)
    if (!password_of(folder, role)) return false;
  return true;
}

Clustered<machines::Nothing> make_passwords(const fs::path& folder, const fs::path& binaries,
                                            const std::optional<Identity>& user) {
  std::string kept;
  ProcessSpec spec;
  for (const char* role : cluster_logins) {
    const std::string password = random_password();
    kept += fmt::format("*:*:*:{}:{}\n", role, password);
    spec.input += command_for(role, password);
  }
  spec.argv = {(binaries / "postgres").string(),
               "--single",
               "-D",
               ClusterPaths::below(folder).data.string(),
               "-c",
               "exit_on_error=on",
               "postgres"};
  spec.environment = server_environment();
  spec.inherits_environment = false;
  spec.run_as = user;
  const auto ran = run_to_end(spec);
  if (!ran) return failed(ran.error());
  if (ran->exit.code != 0)
    return failed(fmt::format("PostgreSQL could not be given its passwords ({}): {}", ran->exit.text,
                              ran->output.substr(0, ran->output.find('\n'))));
  return keep(folder, kept);
}

}  // namespace deploy
