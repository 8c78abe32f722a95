// deploy/bursar/nodes.hpp: the processes of a house: broker, worker, paper venue, the one that tests API keys, as
// `bursar up` starts them, with the keys of the data folder, and as anybody may start them anywhere
// (deploy/bursar/standalone). Each serves until SIGTERM.
#pragma once

#include <string>

#include "brokers/service/service.hpp"
#include "deploy/house/data_folder.hpp"
#include "schemas/config/config.hpp"
#include "workers/harness/harness.hpp"
#include "workers/venues/paper/service.hpp"

namespace deploy {

class Commands;

struct NodeOptions {
  Layout layout;
  std::string dsn;     // as the service role; for run_keys as the keepers'
  std::string name;    // worker-1
  std::string symbol;  // venue: the pair that it trades
  schemas::config::Config config;
  // Of a house with a PostgreSQL of its own: it gives up all files but its own before it speaks to anybody.
  bool confined = false;
  std::string market = {};  // venue: lot, tick and smallest order, where the configuration leaves them to the prices
};

int serve(const brokers::service::BrokerConfig& config);
// `kinds`: the machines that it decides; empty: all that there are.
int serve(const workers::harness::WorkerConfig& config, const std::vector<std::string>& kinds);
// The book's rules, market and coins are those of `house`.
int serve(workers::venues::paper::VenueConfig config, const schemas::config::Config& house, const std::string& symbol);

int run_broker(const NodeOptions& options);
int run_worker(const NodeOptions& options);
int run_venue(const NodeOptions& options);
int run_keys(const NodeOptions& options);

// `bursar node ...`: what `up` starts; not for people.
void add_node_commands(Commands& commands);

}  // namespace deploy
