// ledger/audit/auditor.hpp: Auditor, who verifies the ledger of a data folder against the checkpoints that were signed
// in it, and signs the next one. The file and the key stand in the data folder, outside PostgreSQL.
#pragma once

#include <optional>
#include <string>

#include "ledger/audit/audit_files.hpp"
#include "ledger/audit/checkpoints.hpp"
#include "ledger/audit/signings.hpp"
#include "ledger/audit/verify.hpp"

namespace ledger::audit {

// Makes the deployment's signing key where there is none. Errors: not writable; a secret without its public part.
Audited<bool> make_checkpoint_key(const AuditFiles& files);

// What came of it: ok, bad (refused, or a bad row), incomplete, or not judged: the rows are sound, and were not
// held against the checkpoints that were signed. `text` says which in one sentence.
struct Verification {
  enum class Outcome { ok, bad, incomplete, not_judged };
  Outcome outcome = Outcome::incomplete;
  std::string text;
  Verdict verdict;
  std::int64_t since_us = 0;  // the checkpoint it went on from; 0: from the first link
  bool is_signed = false;     // a checkpoint of its heads was written
  bool is_torn = false;       // the file's last line had no end: a write that a crash cut short; it counts for nothing
  // A row is not what history makes of it; not so where the checkpoints refused the database as a whole.
  [[nodiscard]] bool is_bad_row() const { return outcome == Outcome::bad && !verdict.pass.empty(); }
};

enum class Depth { since_checkpoint, full };
// Whether the folder's memory is of the database that is verified (deploy asks the folder). If not, it is neither held
// against it nor added to.
enum class Memory { of_this_database, of_another };
// Whether checkpoints that the ledger says were signed must be there. Waived: by a person, on a host that has no copy.
enum class Checkpointed { required, waived };

class Auditor {
 public:
  // Opens no file yet.
  explicit Auditor(AuditFiles files, Memory memory = Memory::of_this_database)
      : files_(std::move(files)), memory_(memory) {}
  // Only what the checkpoints, and what the house saw last, say of this database: cheap. Nothing when it holds them
  // all; else what to refuse it with. Errors: the connection's.
  Stored<std::optional<std::string>> refusal(Connection& connection) const;
  // Checks the checkpoints, then the rows; signs when ok and there is a key. Errors: the connection's, with how far it
  // came: incomplete.
  Stored<Verification> verify(Connection& connection, Depth depth, VerifyOptions options = {},
                              Checkpointed checkpointed = Checkpointed::required) const;

 private:
  Audited<Checkpoints> read() const;
  Stored<std::optional<std::string>> objection_of(Connection& connection, const Checkpoints& checkpoints,
                                                  const std::optional<Signing>& newest) const;
  void sign(Connection& connection, Checkpoints& checkpoints, Verification& said) const;
  AuditFiles files_;
  Memory memory_;
};

}  // namespace ledger::audit
