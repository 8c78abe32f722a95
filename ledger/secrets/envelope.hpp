// ledger/secrets/envelope.hpp: sealing a secret for one row of one database: AES-256-GCM under a data key of the row's
// own, which is sealed under the master key. Both are bound to where they stand, so what is moved to another row,
// column, database or meaning does not open. Pure but for randomness: no I/O, no throw.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/secrets/master_key.hpp"
#include "ledger/secrets/secret.hpp"
#include "machines/core/ids.hpp"

namespace ledger::secrets {

// Where a sealed secret belongs, and what it is for.
struct Binding {
  std::string deployment;  // 16 hex digits
  std::string table;
  std::int64_t row = 0;
  machines::OwnerId owner;
  std::string venue, account, purpose;
  std::int64_t key_version = 0;
  std::vector<std::string> addresses, destinations;  // allow-lists: changing one makes the secret unreadable
};

// What is stored; bytes, not text.
struct Sealed {
  std::string nonce, text;          // of the secret: 12 bytes; the ciphertext with its tag of 16
  std::string key_nonce, key_text;  // of the data key, the same way
  std::string master_key;           // the id of the master key that sealed the data key
};

// A fresh data key and fresh nonces at every call. Errors: unusable.
Secretly<Sealed> seal(const Secret& plain, const MasterKey& master, const Binding& binding);
// Errors: damaged, with what does not fit; unusable.
Secretly<Secret> unseal(const Sealed& sealed, const MasterKey& master, const Binding& binding);
// The same secret under another master key: its own ciphertext stays as it is. Errors: as unseal().
Secretly<Sealed> rewrap(const Sealed& sealed, const MasterKey& from, const MasterKey& to, const Binding& binding);

// A known text sealed under the master key, to tell a wrong one before anything is written with it.
std::string check_value(const MasterKey& master, const std::string& deployment);
bool fits(const MasterKey& master, const std::string& deployment, std::string_view check_value);

// SHA-256 over the domain, length-prefixed, and the bytes: 64 hex digits. Not for passwords.
std::string hash_hex(std::string_view domain, std::span<const std::uint8_t> bytes);
// 8 hex digits by which people tell secrets of one deployment apart.
std::string fingerprint(const Secret& secret, const std::string& deployment);

}  // namespace ledger::secrets
