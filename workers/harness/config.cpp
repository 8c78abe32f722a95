#include "workers/harness/harness.hpp"

namespace workers::harness {

std::string WorkerConfig::validate() const {
  if (brokers.empty()) return "worker.brokers is empty: name a broker's endpoint and its public key";
  for (const BrokerAddress& broker : brokers)
    if (broker.endpoint.empty() || broker.public_key.empty())
      return "each of worker.brokers needs an endpoint and a public key";
  if (dsn.empty()) return "dsn is empty: name a PostgreSQL connection string";
  if (keys.secret_key.empty()) return "worker keys are missing";
  if (group_steps < 1 || group_steps > 1000) return "worker.group_commit_steps must be between 1 and 1000";
  if (most_looks < 1 || most_looks > 64) return "worker.look_ahead_bars must be between 1 and 64";
  if (const auto wrong = venue.properties.validate(); !wrong.empty()) return "worker.venue: " + wrong;
  return {};
}

}  // namespace workers::harness
