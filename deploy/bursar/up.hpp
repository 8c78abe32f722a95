// deploy/bursar/up.hpp: `bursar up`: the whole house from one command: PostgreSQL, keys, migrations, broker, workers,
// venue, and the feed.
#pragma once

#include <string>

#include "deploy/house/house_options.hpp"

namespace deploy {

class Commands;

struct UpOptions : HouseOptions {
  std::string replay;  // price file; empty: the generated sample
  bool exit_when_done = false;
  bool json = false;
};

// Runs until the replay is done (with exit_when_done) or a signal. Returns the exit code: 0; 1 after a failure; 2 for
// usage.
int up(const UpOptions& options);

// `bursar up`.
void add_up_command(Commands& commands);

}  // namespace deploy
