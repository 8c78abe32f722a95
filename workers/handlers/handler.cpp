#include "workers/handlers/handler.hpp"

#include "machines/catalog/catalog.hpp"
#include "machines/core/check.hpp"

namespace workers::handlers {

schemas::Capability capability_of(std::string_view kind, int version) {
  const auto* known = machines::catalog::find(machines::catalog::kinds(), kind, version);
  CHECK(known != nullptr);
  schemas::Capability made{std::string(kind), version, {}};
  for (const std::string_view command : known->outside) made.outside_commands.emplace_back(command);
  return made;
}

}  // namespace workers::handlers
