// deploy/bursar/audit.hpp: `bursar ledger verify` and `bursar ledger checkpoint`. Each prints for people, or one JSON
// object with --json, and returns the exit code: 0 only for a whole verification that found nothing.
#pragma once

#include "deploy/bursar/commands.hpp"

namespace deploy {

struct VerifyOrder {
  bool full = false;       // everything from the first row; else from the last checkpoint
  bool no_freeze = false;  // only look: where a row is bad, whom it may concern is frozen otherwise
};
int verify_ledger(const Where& where, const VerifyOrder& order);
// Verifies from the last checkpoint and signs the next.
int sign_checkpoint(const Where& where);

}  // namespace deploy
