// deploy/cli/vaults.hpp: the commands of vaults and sleeves: create, list, show, set-tradeable, allocate, reclaim.
// Each prints for people, or JSON with --json, and returns the exit code: 2 for what can't be meant (a name that is not
// there, an amount that is none), 1 for what is refused or fails, with nothing lost.
#pragma once

#include "deploy/cli/context.hpp"
#include "deploy/operations/vaults.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

class Commands;

using operations::VaultArgs;

int list_vaults(const CommandContext& context);
// The status diagram of one vault, or of all where no name is given.
int show_vault(const CommandContext& context, const VaultArgs& args);
int create_vault(const CommandContext& context, const VaultArgs& args);
// A sleeve in a vault, by the rules of the first sleeve of its kind in the configuration.
int create_sleeve(const CommandContext& context, const VaultArgs& args, const schemas::config::Config& config);
int set_tradeable(const CommandContext& context, const VaultArgs& args);
int allocate(const CommandContext& context, const VaultArgs& args);
int reclaim(const CommandContext& context, const VaultArgs& args);

// `bursar vault ...` and `bursar sleeve ...`.
void add_vault_commands(Commands& commands);
void add_sleeve_commands(Commands& commands);

}  // namespace deploy
