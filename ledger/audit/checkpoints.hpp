// ledger/audit/checkpoints.hpp: the file of signed checkpoints, kept outside PostgreSQL: what a restored older database
// or a rewritten history can't satisfy. Append-only text, one record a line, each bound to the line before:
//   bursar-checkpoint 1 DEPLOYMENT WALL_US SHARD:SEQ:HASH,... SHA256-OF-THE-LINE-BEFORE SIGNATURE
// The signature covers everything before it, the domain tag and version included. No clock: the caller says the time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ledger/audit/head.hpp"
#include "ledger/audit/signer.hpp"

namespace ledger::audit {

struct Checkpoint {
  std::string deployment;  // 16 hex digits
  std::int64_t wall_us = 0;
  std::vector<Head> heads;  // every shard that had a link
};

class Checkpoints {
 public:
  // Reads all of it; an absent file has no checkpoints. Errors, by line: a signature that does not verify, a line that
  // does not follow from the one before (changed, missing, or out of order), a record that isn't one.
  static Audited<Checkpoints> read(const std::filesystem::path& path, const std::string& public_key);

  // Every whole line, oldest first.
  [[nodiscard]] const std::vector<Checkpoint>& all() const { return all_; }
  // Of each whole line: its SHA-256.
  [[nodiscard]] const std::vector<std::string>& hashes() const { return hashes_; }
  [[nodiscard]] std::optional<Checkpoint> last() const;
  // The last line had no end: a write that a crash cut short. It is not a checkpoint; the next append takes it off.
  [[nodiscard]] bool torn() const { return torn_; }
  // Signs and appends, on disk when it returns. False: another process has signed since this was read; nothing was
  // added. Errors: the file can't be written; then nothing was added either.
  Audited<bool> append(const Checkpoint& checkpoint, const Signer& signer);

 private:
  [[nodiscard]] const std::string& hash_before() const;  // of the last whole line
  std::filesystem::path path_;
  std::vector<Checkpoint> all_;
  std::vector<std::string> hashes_;
  std::int64_t whole_ = 0;  // bytes of whole lines
  std::int64_t size_ = 0;   // of the file: what is torn included
  bool torn_ = false;
};

// What is wrong with a database that does not hold every one of these checkpoints, in one sentence that ends with what
// to do; nothing when it does. Errors: the connection's.
Stored<std::optional<std::string>> objection(Connection& connection, const Checkpoints& checkpoints,
                                             const std::filesystem::path& path);

}  // namespace ledger::audit
