// ledger/audit/slices.hpp: a list of questions to the database, asked over several connections at once, that ends at
// the first one with a bad row. Internal to ledger/audit. Threads: its own, none left when it returns.
#pragma once

#include <optional>
#include <vector>

#include "ledger/audit/verify.hpp"

namespace ledger::audit {

// A question whose first column names a bad row, or is NULL; the next ones count what was looked at.
struct Slice {
  const char* pass;
  SqlStatement statement;
  Parameters parameters;
  std::int64_t Verdict::*first_count = nullptr;
  std::int64_t Verdict::*second_count = nullptr;
};

// Adds to `verdict`: counts; the problem of the first slice that has one; or incomplete. Errors: the first
// connection's.
Stored<Verdict> ask_all(Connection& connection, const std::vector<Slice>& slices, Verdict verdict,
                        const VerifyOptions& options);

}  // namespace ledger::audit
