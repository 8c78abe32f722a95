// ledger/audit/audit_files.hpp: where an audit keeps what must not be in the database that it audits.
#pragma once

#include <filesystem>

namespace ledger::audit {

struct AuditFiles {
  std::filesystem::path checkpoints;      // signed, one a line
  std::filesystem::path key, public_key;  // of who signs them; only the public part is needed to check
  std::filesystem::path seen;             // what was last seen of a server that is not the house's own
};

}  // namespace ledger::audit
