// deploy/bursar/audit.hpp: `bursar ledger verify` and `bursar ledger checkpoint`. Each prints for people, or one JSON
// object with --json, and returns the exit code: 0 only for a whole verification that found nothing.
#pragma once

#include "deploy/bursar/commands.hpp"

namespace deploy {

// From the last checkpoint, or with `full` everything from the first row.
int verify_ledger(const Where& where, bool full);
// Verifies from the last checkpoint and signs the next.
int sign_checkpoint(const Where& where);

}  // namespace deploy
