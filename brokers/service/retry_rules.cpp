#include "brokers/service/retry_rules.hpp"

namespace brokers::service {

using brokers::dispatch::Exhausted;
using brokers::dispatch::RetryRule;

dispatch::RetryRules retry_rules(const schemas::config::BrokerConfig& config) {
  RetryRule base;
  base.first_ms = config.backoff_ms;
  base.longest_ms = config.longest_backoff_ms;
  base.most_tries = static_cast<int>(config.most_tries);
  dispatch::RetryRules rules(base);
  for (const auto& one : config.retry)
    if (const auto error = machines::from_name<machines::CallError>(one.error_class))
      rules.set(*error, {one.first_ms, one.longest_ms, one.factor, one.jitter.ppm, static_cast<int>(one.most_tries),
                         one.then == "park" ? Exhausted::park : Exhausted::keep_trying});
  return rules;
}

}  // namespace brokers::service
