// brokers/service/service.hpp: the broker process: one thread that owns the socket, claims from the ledger and carries
// out what dispatch orders. PostgreSQL may come and go: it waits with back-off and resumes. Start-up is recovery: it
// takes the shards over and gives every lease of an earlier epoch back.
#pragma once

#include <atomic>
#include <map>
#include <string>

#include "brokers/dispatch/dispatch.hpp"
#include "brokers/wire/zap.hpp"

namespace brokers::service {

struct BrokerConfig {
  std::string name = "broker-1";
  std::string endpoint;  // ipc://PATH or tcp://HOST:PORT
  std::string dsn;       // libpq connection string
  wire::CurveKeys keys;
  std::map<std::string, wire::Peer> peers;  // public key -> role and name
  dispatch::Rules rules;
  std::map<std::string, int> weights;  // of owners by name, as rules.weights is by id
  // Nothing, or what is wrong with it.
  [[nodiscard]] std::string validate() const;
};

// Serves until `stop`. Returns the process's exit code: 0, or 1 after a failure that it logged.
int run(const BrokerConfig& config, const std::atomic<bool>& stop);

}  // namespace brokers::service
