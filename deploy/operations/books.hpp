// deploy/operations/books.hpp: what every account has, as values. Reads only; never prints.
#pragma once

#include <vector>

#include "deploy/operations/error.hpp"
#include "ledger/books/books.hpp"

namespace deploy::operations {

// Every account by its path. Errors: those of store_error().
Outcome<std::vector<ledger::books::Balance>> balances(const LedgerPlace& place);

}  // namespace deploy::operations
