// brokers/service/retry_rules.hpp: the configuration's words about retries as the rules that the broker goes by. Pure.
#pragma once

#include "brokers/dispatch/retry.hpp"
#include "schemas/config/config.hpp"

namespace brokers::service {

// One rule for each class of error: the configured one, else the default with the broker's own back-off and tries.
// REQUIRES: the configuration is valid.
dispatch::RetryRules retry_rules(const schemas::config::BrokerConfig& config);

}  // namespace brokers::service
