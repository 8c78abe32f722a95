// deploy/bursar/nodes.hpp: the processes that `bursar up` starts: broker, worker, paper venue, and the one that tests API keys. Each
// reads its keys from the data folder and serves until SIGTERM.
#pragma once

#include <string>

#include "deploy/bursar/layout.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

struct NodeOptions {
  Layout layout;
  std::string dsn;      // as the service role; for run_keys as the owner
  std::string name;     // worker-1
  std::string symbol;   // venue: the pair that it trades
  schemas::config::Config config;
};

int run_broker(const NodeOptions& options);
int run_worker(const NodeOptions& options);
int run_venue(const NodeOptions& options);
int run_keys(const NodeOptions& options);

}  // namespace deploy
