// deploy/cli/status.hpp: `bursar status`: what lives, waits, works, and is stuck.
#pragma once

#include <cstdint>

#include "deploy/cli/context.hpp"

namespace deploy {

class Commands;

// Ready jobs that nobody has taken for longer than this are named. 1 where an instance is stranded.
int show_status(const CommandContext& context, std::int64_t stuck_after_s);

// `bursar status`. REQUIRES: `commands` lives until the command has run, as in all the functions of this name.
void add_status_command(Commands& commands);

}  // namespace deploy
