// deploy/bursar/broker_rules.hpp: the configuration of a broker as the rules that its dispatch goes by. Pure.
#pragma once

#include "brokers/service/service.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

// REQUIRES: the configuration is valid.
void apply_rules(const schemas::config::BrokerConfig& from, brokers::service::BrokerConfig& to);

}  // namespace deploy
