// deploy/bursar/retry_rules.hpp: the configuration's words about retries as the rules that the broker goes by. Pure.
#pragma once

#include "brokers/dispatch/retry.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

// REQUIRES: the configuration is valid.
brokers::dispatch::RetryRules retry_rules(const schemas::config::BrokerConfig& config);

}  // namespace deploy
