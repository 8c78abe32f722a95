// brokers/service/retry_rules.hpp: the configuration's words about retries as the rules that the broker goes by. Pure.
#pragma once

#include "brokers/dispatch/retry.hpp"
#include "schemas/config/config.hpp"

namespace brokers::service {

// REQUIRES: the configuration is valid.
dispatch::RetryRules retry_rules(const schemas::config::BrokerConfig& config);

}  // namespace brokers::service
