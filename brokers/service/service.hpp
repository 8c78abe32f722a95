// brokers/service/service.hpp: the broker process: one thread that owns the socket, claims from the ledger and carries
// out what dispatch orders, for the shards that its seat holds (brokers/service/shards). PostgreSQL may come and go: it
// waits with back-off, says so to each peer that asks, and resumes. Start-up is recovery: it takes a seat and its share
// of the shards, and gives every lease of an earlier epoch back.
#pragma once

#include <atomic>
#include <map>
#include <string>

#include "brokers/dispatch/dispatch.hpp"
#include "brokers/wire/zap.hpp"

namespace brokers::service {

struct BrokerConfig {
  std::string name = "broker-1";  // one at a time: a second of this name takes the first one's place
  std::string endpoint;           // ipc://PATH or tcp://HOST:PORT
  std::string reached_at;         // how others reach it, where that is another endpoint than it listens at
  std::string dsn;                // libpq connection string
  wire::CurveKeys keys;
  std::map<std::string, wire::Peer> peers;  // public key -> role and name
  dispatch::Rules rules;
  std::int64_t seat_ttl_ms = 3'000;    // how long its shards stay with a broker that died or fell silent
  std::map<std::string, int> weights;  // of owners by name, as rules.weights is by id
  // Nothing, or what is wrong with it.
  [[nodiscard]] std::string validate() const;
};

// Serves until `stop`. Returns the process's exit code: 0, or 1 after a failure that it logged.
int run(const BrokerConfig& config, const std::atomic<bool>& stop);

}  // namespace brokers::service
