#include "ledger/store/migrations.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include "schemas/sql/migrations.hpp"

namespace ledger {
namespace {

std::string sha256_of(std::string_view text) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  std::string hex;
  for (const unsigned char byte : hash) hex += fmt::format("{:02x}", byte);
  return hex;
}

StoreError refusal(std::string text) { return {StoreFailure::refused, std::move(text)}; }

// The pinned (number, sha256) pairs; empty for a new database.
Stored<Rows> applied(Connection& connection) {
  auto exists = connection.run("SELECT to_regclass('ledger.migration') IS NOT NULL");
  if (!exists) return exists;
  if (!exists->flag(0, 0)) return connection.run("SELECT 0, ''::text, ''::text WHERE false");
  return connection.run("SELECT number, sha256, name FROM ledger.migration ORDER BY number");
}

Stored<int> check_pins(const Rows& pins) {
  const auto known = schemas::sql::migrations();
  for (int row = 0; row < pins.size(); ++row) {
    const auto number = pins.number(row, 0);
    if (number != row + 1)
      return machines::fail(refusal(fmt::format("migration {} is missing from this database", row + 1)));
    if (static_cast<std::size_t>(row) >= known.size())
      return machines::fail(
          refusal(fmt::format("the database is at migration {}, newer than this program ({}): use the newer bursar",
                              number, known.size())));
    if (pins.text(row, 1) != sha256_of(known[static_cast<std::size_t>(row)].sql))
      return machines::fail(refusal(fmt::format(
          "migration {} ({}) differs from the file that was applied here: use the bursar that made this database",
          number, known[static_cast<std::size_t>(row)].name)));
  }
  return pins.size();
}

}  // namespace

int newest_migration() { return static_cast<int>(schemas::sql::migrations().size()); }

Stored<int> migrate(Connection& connection) {
  const auto locked = connection.run("SELECT pg_advisory_lock(7000)");
  if (!locked) return machines::fail(locked.error());
  const auto pins = applied(connection);
  if (!pins) return machines::fail(pins.error());
  auto standing = check_pins(*pins);
  if (!standing) return standing;
  int count = 0;
  const auto known = schemas::sql::migrations();
  for (auto at = static_cast<std::size_t>(*standing); at < known.size(); ++at, ++count) {
    const auto done =
        connection.run(fmt::format("{}\nINSERT INTO ledger.migration (number, name, sha256) VALUES ({}, '{}', '{}')",
                                   known[at].sql, at + 1, known[at].name, sha256_of(known[at].sql)));
    if (!done)
      return machines::fail(StoreError{done.error().failure, fmt::format("{}: {}", known[at].name, done.error().text)});
  }
  const auto unlocked = connection.run("SELECT pg_advisory_unlock(7000)");
  if (!unlocked) return machines::fail(unlocked.error());
  connection.disconnect();  // the files set search_path
  return count;
}

}  // namespace ledger
