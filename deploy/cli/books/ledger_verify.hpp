// deploy/cli/books/ledger_verify.hpp: `bursar ledger verify` and `bursar ledger checkpoint`. Each prints for people, or
// one JSON object with --json, and returns the exit code: 0 only for a whole verification that found nothing, or, of
// one that was asked for the rows alone, where they are sound.
#pragma once

#include <string>

#include "deploy/cli/context.hpp"

namespace deploy {

struct VerifyArgs {
  bool full = false;                 // everything from the first row; else from the last checkpoint
  bool no_freeze = false;            // only look: where a row is bad, whom it may concern is frozen otherwise
  bool without_checkpoints = false;  // rows alone, from a host that has no copy of the checkpoints: never "ok"
};
int verify_ledger(const CommandContext& context, const VerifyArgs& order);
struct CheckpointArgs {
  bool anew = false;  // those on record count no longer: their file or key is lost for good
  std::string why;    // with `anew`
};
// Verifies from the last checkpoint and signs the next.
int sign_checkpoint(const CommandContext& context, const CheckpointArgs& order);

}  // namespace deploy
