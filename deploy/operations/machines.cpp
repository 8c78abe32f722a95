#include "deploy/operations/machines.hpp"

#include <fmt/format.h>

#include <utility>

namespace deploy::operations {
namespace {

machines::Failure<Error> no_machine(std::int64_t id) {
  return refuse(ErrorCode::not_found, fmt::format("no machine has the id {}", id),
                "`bursar machine list --all` lists them");
}

}  // namespace

Outcome<std::vector<InstanceView>> machines_now(const LedgerPlace& place, bool all, int limit) {
  ledger::Connection connection(place.dsn);
  auto views = ledger::books::Books(connection).instances(!all, limit);
  if (!views) return store_failure(place, views.error());
  return std::move(*views);
}

Outcome<std::vector<InstanceView>> machine(const LedgerPlace& place, std::int64_t id) {
  ledger::Connection connection(place.dsn);
  auto views = ledger::books::Books(connection).instance({id});
  if (!views) return store_failure(place, views.error());
  if (views->empty()) return no_machine(id);
  return std::move(*views);
}

Outcome<std::vector<TransitionView>> machine_history(const LedgerPlace& place, std::int64_t id) {
  ledger::Connection connection(place.dsn);
  auto steps = ledger::books::Books(connection).history({id});
  if (!steps) return store_failure(place, steps.error());
  if (steps->empty()) return no_machine(id);
  return std::move(*steps);
}

}  // namespace deploy::operations
