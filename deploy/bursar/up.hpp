// deploy/bursar/up.hpp: `bursar up`: the whole house from one command: PostgreSQL, keys, migrations, broker, workers,
// venue, and the feed.
#pragma once

#include <functional>
#include <string>

#include "deploy/bursar/layout.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

struct UpOptions {
  Layout layout;
  schemas::config::Config config;
  std::string config_file;  // handed on to the children; empty: the defaults
  std::string dsn;          // an existing PostgreSQL; empty: a private cluster in the data folder
  std::string service_dsn;  // the same one under the login of brokers and workers; empty: they use the owner's
  std::string replay;       // price file; empty: the generated sample
  bool exit_when_done = false;
  bool json = false;
  std::function<bool()> gives_up = [] { return false; };  // whether a signal asked it to end
};

// Runs until the replay is done (with exit_when_done) or a signal. Returns the exit code: 0; 1 after a failure; 2 for
// usage.
int up(const UpOptions& options);

}  // namespace deploy
