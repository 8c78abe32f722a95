// ledger/secrets/master_key.hpp: MasterKey, the one secret that is not in the database: 32 random bytes in a file that
// its owner alone may read. It seals the data keys of all rows (envelope.hpp). No throw.
#pragma once

#include <filesystem>

#include "ledger/secrets/secret.hpp"

namespace ledger::secrets {

struct MasterKey {
  Secret bytes;
  std::string id;  // 16 hex digits, made from the bytes: which of several master keys sealed a row

  static constexpr std::size_t size = 32;
  // A new one, random, kept nowhere yet.
  static Secretly<MasterKey> fresh();
  // REQUIRES: `bytes` has `size` bytes.
  static MasterKey of(Secret bytes);
};

// Where a master key is kept.
struct KeyPlace {
  std::filesystem::path file;
  // A credential that systemd handed over ($CREDENTIALS_DIRECTORY): it may belong to root, and the right to read it may
  // be an access list, which shows as a group's.
  bool is_credential = false;
};

// The first of: the systemd credential bursar-master-key, the configured file, the default file.
KeyPlace find_master_key(const std::filesystem::path& configured, const std::filesystem::path& fallback);

// Errors, each with the file's name: missing, not a file, a symbolic link, owned by another user, wider than 0400, of
// the wrong length, all bytes equal.
Secretly<MasterKey> read_master_key(const KeyPlace& place);

// Makes the file (0400), durable before it returns; never overwrites one. Errors: it stands already, or can't be
// written.
Secretly<MasterKey> make_master_key(const std::filesystem::path& file);

}  // namespace ledger::secrets
