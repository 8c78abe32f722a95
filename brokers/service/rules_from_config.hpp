// brokers/service/rules_from_config.hpp: the configuration of a broker as the rules that its dispatch goes by. Pure.
#pragma once

#include "brokers/service/service.hpp"
#include "schemas/config/config.hpp"

namespace brokers::service {

// Sets what the configuration names (liveness, claims, retries, weights, priorities, limits, deadlines) and leaves the
// rest of `to` as it is. REQUIRES: the configuration is valid.
void apply_rules(const schemas::config::BrokerConfig& from, BrokerConfig& to);

}  // namespace brokers::service
