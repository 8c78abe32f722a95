// ledger/audit/signings.hpp: what the ledger itself remembers of the checkpoints that were signed (how many, the last
// line, by which key), in the audit chain: so a file of them that is gone, shorter, or signed by another key is missed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/audit/checkpoints.hpp"
#include "ledger/audit/head.hpp"

namespace ledger::audit {

// The newest checkpoint that is on record, of those that count.
struct Signing {
  std::int64_t round = 0;   // rises each time that a person says that those before count no longer
  std::int64_t number = 0;  // its line in the file, from 1; 0: none was signed in this round yet
  std::string line;         // SHA-256 of that line
  std::string key;          // fingerprint of the public key
  std::int64_t wall_us = 0;
  std::string place;  // "link 12 of shard 7": the newest link that it signed
};

// The first 16 hex digits of the public key's SHA-256.
std::string fingerprint_of(const std::string& public_key);

// Nothing where the ledger never heard of a checkpoint, or is older than that memory. Errors: the connection's.
Stored<std::optional<Signing>> newest_signing(Connection& connection);
// Puts the last line of the file on record. False: the ledger has no owner yet to whose chain it could go. Errors: the
// connection's; the role may not.
Stored<bool> record_signing(Connection& connection, const Checkpoints& checkpoints, const std::string& public_key);
// From here on, those on record count no longer. Errors: as above.
Stored<bool> renounce_signings(Connection& connection, const std::string& who, const std::string& why);

// Whether the chain holds nothing after these heads but the record of signings.
Stored<bool> only_signings_since(Connection& connection, const std::vector<Head>& heads);

// What is missing of the checkpoints on record, in one sentence that ends with what to do; nothing where none is.
// `public_key`: the folder's, "" where it has none.
std::optional<std::string> shortfall(const std::optional<Signing>& newest, const Checkpoints& checkpoints,
                                     const std::string& public_key, const std::filesystem::path& path);
// "3 were signed, the last one at 2026-... up to link 12 of shard 7, by the key 0123456789abcdef".
std::string in_words(const Signing& signing);

}  // namespace ledger::audit
