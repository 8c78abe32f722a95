// deploy/cli/context.hpp: what every command works with: where the ledger is, how to answer, and its complaints. A
// command prints for people, or one JSON object with --json, and returns the exit code.
#pragma once

#include <string>

#include "deploy/house/ledger_place.hpp"
#include "ledger/store/error.hpp"

namespace deploy {

struct CommandContext : LedgerPlace {
  bool json = false;
};

// Says what can't be read, why, and what to do; returns 1.
int failed(const CommandContext& context, const std::string& what, const ledger::StoreError& error);

// Says what can't be meant, in one line; returns 2.
int wrong(const std::string& text);

}  // namespace deploy
