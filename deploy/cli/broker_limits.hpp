// deploy/cli/broker_limits.hpp: what keeps a broker's jobs waiting, as lines of `bursar status` and as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "schemas/codec/messages.hpp"

namespace deploy {

void print_limits(const schemas::BrokerView& view);
// Adds to the lists "limits" and "unable".
void add_limits(nlohmann::ordered_json& json, const schemas::BrokerView& view);

}  // namespace deploy
