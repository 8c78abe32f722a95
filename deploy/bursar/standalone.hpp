// deploy/bursar/standalone.hpp: the commands of processes that run apart from `bursar up`, on any host, each with a
// file of its own (schemas/config/node_files.hpp): broker, worker, venue; and the keys that they know each other by.
#pragma once

#include <string>

namespace deploy {

class Commands;

// `bursar broker`, `worker`, `venue` and `keys`.
void add_apart_commands(Commands& commands);

// Exit codes: 2 where a file or a key can't be used, with one line that names it; else the process's own.
int run_standalone_broker(const std::string& file);
int run_standalone_worker(const std::string& file);
int run_standalone_venue(const std::string& file);
// DIR/NAME for its owner alone, DIR/NAME.pub for everybody it speaks to. Never over files that are there.
int generate_keys(const std::string& name, const std::string& folder);

}  // namespace deploy
