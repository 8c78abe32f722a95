#include "deploy/cli/config.hpp"

#include "deploy/cli/commands.hpp"
#include "deploy/terminal/print.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

void add_config_command(Commands& commands) {
  commands.add(commands.program(), "config", "the default configuration as a commented TOML file", [] {
    print_text("{}", Lines{schemas::config::example_text()});
    return 0;
  });
}

}  // namespace deploy
