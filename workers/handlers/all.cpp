#include "workers/handlers/all.hpp"

#include "workers/handlers/allocation.hpp"
#include "workers/handlers/cycle.hpp"
#include "workers/handlers/order.hpp"
#include "workers/handlers/vault.hpp"

namespace workers::handlers {

std::vector<std::unique_ptr<Handler>> all_handlers(const ledger::books::Sleeves& sleeves, const std::string& deployment,
                                                   const venues::VenueProperties& venue) {
  std::vector<std::unique_ptr<Handler>> all;
  all.push_back(std::make_unique<CycleHandler>(sleeves));
  all.push_back(std::make_unique<OrderHandler>(sleeves, deployment, venue));
  all.push_back(std::make_unique<AllocationHandler>(sleeves));
  all.push_back(std::make_unique<VaultHandler>());
  return all;
}

}  // namespace workers::handlers
