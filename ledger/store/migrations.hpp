// ledger/store/migrations.hpp: brings a database to the schema of this program, by the numbered files of schemas/sql.
// Applied files are pinned by SHA-256: a changed file, a gap or a schema newer than this program is refused and nothing
// is touched.
#pragma once

#include <string>

#include "ledger/store/connection.hpp"

namespace ledger {

// The number of the newest migration this program knows.
int newest_migration();
// Applies what is missing, one transaction per file, under an advisory lock. Returns how many it applied.
// Errors: refused (with the file's name and what to do), unavailable, doubt (run again: it looks at what stands).
Stored<int> migrate(Connection& connection);

}  // namespace ledger
