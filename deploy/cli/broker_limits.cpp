#include "deploy/cli/broker_limits.hpp"

#include <fmt/format.h>

#include "deploy/terminal/print.hpp"

namespace deploy {

void print_limits(const schemas::BrokerView& view) {
  for (const auto& limit : view.limits)
    print_text("limited by {} ({} of {}): {} jobs wait, for {:.1f} s now; {} in flight\n", limit.name, limit.cap,
               limit.key, limit.waiting, static_cast<double>(limit.since_ms) / 1000, limit.in_flight);
  for (const auto& one : view.unable)
    print_text("unable     no worker here does {} {}: {} jobs wait for one\n", one.kind, one.command, one.jobs);
  if (view.overdue > 0) print_text("overdue    {} jobs were taken from a worker at their deadline\n", view.overdue);
}

void add_limits(nlohmann::ordered_json& json, const schemas::BrokerView& view) {
  for (const auto& limit : view.limits)
    json["limits"].push_back({{"name", limit.name},
                              {"key", limit.key},
                              {"cap", limit.cap},
                              {"waiting", limit.waiting},
                              {"since_ms", limit.since_ms},
                              {"in_flight", limit.in_flight}});
  for (const auto& one : view.unable)
    json["unable"].push_back({{"kind", one.kind}, {"command", one.command}, {"jobs", one.jobs}});
}

}  // namespace deploy
