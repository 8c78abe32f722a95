// workers/harness/harness.hpp: the worker process: receive, load facts, decide, commit in groups, answer. No state
// survives a job. One thread: outside calls are asynchronous, so that they never hold up a heartbeat. PostgreSQL and
// the broker may come and go.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ledger/secrets/master_key.hpp"
#include "workers/harness/broker_links.hpp"
#include "workers/harness/executor.hpp"
#include "workers/venues/properties.hpp"

namespace workers::harness {

struct VenueLink {
  std::string endpoint;  // empty: this worker calls no venue
  std::string server_public_key;
  std::int64_t timeout_ms = 2000;                // an answer later than this is doubt
  std::string name = "paper", account = "main";  // whose API keys sign
  ledger::secrets::KeyPlace master_key = {};     // what opens them
  venues::VenueProperties properties = {};       // when its word about an order is final
};

struct WorkerConfig {
  std::string name = "worker-1";  // stable over restarts
  std::vector<BrokerAddress> brokers;
  brokers::wire::CurveKeys keys;
  std::string dsn;
  VenueLink venue;
  int group_steps = 100;          // steps per commit call at most
  std::int64_t group_us = 5'000;  // how long a busy worker waits for a group to fill
  int most_looks = 64;            // world times in one lease where nothing else is open: a fraction of a heartbeat
  int most_eager = 16;            // follow-ups in a row that a worker keeps to itself
  std::map<std::string, std::vector<std::string>> commands;  // of these kinds it runs these alone
  int pure_credit = 512;
  int outside_credit = 16;
  std::int64_t send_deadline_ms = 1'500;  // a request that could not leave in this time after its job came is not sent
  // Nothing, or what is wrong with it.
  [[nodiscard]] std::string validate() const;
};

// Makes the handlers once the database can be read; called again when a job's facts were not enough (`refresh`).
using MakeHandlers = std::function<ledger::Stored<Handlers>(ledger::Connection&)>;

// Works until `stop`, then hands unstarted jobs back. Returns the process's exit code.
int run(const WorkerConfig& config, const MakeHandlers& make_handlers, const std::atomic<bool>& stop);

}  // namespace workers::harness
