// deploy/cli/config.hpp: `bursar config`: the default configuration as a commented TOML file.
#pragma once

namespace deploy {

class Commands;

void add_config_command(Commands& commands);

}  // namespace deploy
