// deploy/bursar/broker_limits.hpp: what keeps a broker's jobs waiting, as lines of `bursar status` and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "schemas/codec/messages.hpp"

namespace deploy {

void print_limits(const schemas::BrokerView& view);
// "limits" and "unable", empty without a broker.
void add_limits(nlohmann::ordered_json& json, const std::optional<schemas::BrokerView>& view);

}  // namespace deploy
