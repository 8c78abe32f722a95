// deploy/cli/machines.hpp: `bursar machine list|show|history|diagram`: instances, and the tables that they go by.
#pragma once

#include <cstdint>
#include <string>

#include "deploy/cli/context.hpp"

namespace deploy {

class Commands;

int list_machines(const CommandContext& context, bool all, int limit);
int show_machine(const CommandContext& context, std::int64_t id);
int show_history(const CommandContext& context, std::int64_t id);
int show_diagram(const std::string& kind);

// `bursar machine ...`, with `migrate` (machine_migration.hpp).
void add_machine_commands(Commands& commands);

}  // namespace deploy
