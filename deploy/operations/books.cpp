#include "deploy/operations/books.hpp"

#include <utility>

namespace deploy::operations {

Outcome<std::vector<ledger::books::Balance>> balances(const LedgerPlace& place) {
  ledger::Connection connection(place.dsn);
  auto all = ledger::books::Books(connection).balances();
  if (!all) return store_failure(place, all.error());
  return std::move(*all);
}

}  // namespace deploy::operations
