// deploy/operations/machines.hpp: instances of state machines and their histories, as values. Reads only; never prints.
#pragma once

#include <cstdint>
#include <vector>

#include "deploy/operations/error.hpp"
#include "ledger/books/books.hpp"

namespace deploy::operations {

using ledger::books::InstanceView;
using ledger::books::TransitionView;

// The live ones, newest first; with `all` also those that have ended; `limit` at most. Errors: those of store_error(),
// as with all below.
Outcome<std::vector<InstanceView>> machines_now(const LedgerPlace& place, bool all, int limit);
// Those of that number: one of each owner that has it. Errors: not_found.
Outcome<std::vector<InstanceView>> machine(const LedgerPlace& place, std::int64_t id);
// Its transitions with their postings, oldest first. Errors: not_found.
Outcome<std::vector<TransitionView>> machine_history(const LedgerPlace& place, std::int64_t id);

}  // namespace deploy::operations
