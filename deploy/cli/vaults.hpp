// deploy/cli/vaults.hpp: the commands of vaults and sleeves: create, list, show, set-tradeable, allocate, reclaim.
// Each prints for people, or JSON with --json, and returns the exit code: 2 for what can't be meant (a name that is not
// there, an amount that is none), 1 for what is refused or fails, with nothing lost.
#pragma once

#include <string>

#include "deploy/cli/context.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

class Commands;

struct VaultArgs {
  std::string owner = "default", name, venue = "paper", account = "main", asset;  // of a vault
  std::string sleeve, kind, pair;                                                 // of a sleeve
  std::string amount, why;
  std::string reserve = "none", least = "5", most = "20";  // in percent
};

int list_vaults(const CommandContext& context);
// The status diagram of one vault, or of all where no name is given.
int show_vault(const CommandContext& context, const VaultArgs& order);
int create_vault(const CommandContext& context, const VaultArgs& order);
// A sleeve in a vault, by the rules of the first sleeve of its kind in the configuration.
int create_sleeve(const CommandContext& context, const VaultArgs& order, const schemas::config::Config& config);
int set_tradeable(const CommandContext& context, const VaultArgs& order);
int allocate(const CommandContext& context, const VaultArgs& order);
int reclaim(const CommandContext& context, const VaultArgs& order);

// `bursar vault ...` and `bursar sleeve ...`.
void add_vault_commands(Commands& commands);
void add_sleeve_commands(Commands& commands);

}  // namespace deploy
