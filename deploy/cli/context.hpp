// deploy/cli/context.hpp: what every command works with: where the ledger is, how to answer, and its complaints. A
// command prints for people, or JSON with --json, and returns the exit code. A complaint is one sentence on standard
// error; with --json, standard output gets it as well, before any result: {"error":{"code":"not_found","message":"...",
// "do":"..."}}, with a code of deploy/operations/error.hpp.
#pragma once

#include <string>

#include "deploy/house/ledger_place.hpp"
#include "deploy/operations/asker.hpp"
#include "deploy/operations/error.hpp"
#include "ledger/store/error.hpp"

namespace deploy {

using operations::ErrorCode;

struct CommandContext : LedgerPlace {
  bool json = false;
};

// Who asks, at the command line: the user of the operating system.
operations::Asker asker();

// Says why the command `what` has come to nothing, and what to do; returns the exit code: 2 where words, names or the
// configuration can't be meant, else 1.
int complain(const CommandContext& context, const std::string& what, const operations::Error& error);

// Says what can't be read, why, and what to do; returns 1.
int failed(const CommandContext& context, const std::string& what, const ledger::StoreError& error);

// Says what can't be meant, in one line; returns 2. Without a context: of a command that has no --json.
int wrong(const CommandContext& context, const std::string& text, ErrorCode code = ErrorCode::usage);
int wrong(const std::string& text);

// Says what was not done, or is not as it must be, in one line; returns 1.
int refused(const CommandContext& context, const std::string& text, ErrorCode code = ErrorCode::refused);

// The error alone, for programs: nothing without --json. For what is said to people in a way of its own.
void put_error(const CommandContext& context, ErrorCode code, const std::string& message,
               const std::string& advice = {});

}  // namespace deploy
