#include "deploy/cli/vaults.hpp"

#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "deploy/cli/commands.hpp"
#include "deploy/report/vault_page.hpp"
#include "deploy/terminal/print.hpp"
#include "machines/core/names.hpp"

namespace deploy {

using deploy::report::plain_amount;
using deploy::report::vault_diagram;
using deploy::report::vaults_json;
using deploy::report::vaults_table;
using operations::MovedCoins;
using operations::Outcome;
using operations::VaultView;

namespace {

int show(const CommandContext& context, const char* command, const Outcome<VaultView>& vault) {
  if (!vault) return complain(context, command, vault.error());
  if (context.json)
    std::cout << vaults_json({*vault}).front().dump() << "\n";
  else
    print_text("{}", Lines{vault_diagram(*vault)});
  return 0;
}

// Says what came of a movement.
int answer(const CommandContext& context, const char* command, const VaultArgs& args,
           const Outcome<MovedCoins>& moved) {
  if (!moved) return complain(context, command, moved.error());
  if (moved->machine.value == 0) return show_vault(context, args);
  if (moved->refused) (void)complain(context, command, *moved->refused);
  if (context.json) {
    const char* state = moved->settled ? "settled" : moved->refused ? "refused" : "waiting";
    std::cout << nlohmann::ordered_json{{"movement", machines::name_of(moved->movement)},
                                        {"machine", moved->machine.value},
                                        {"amount", plain_amount(moved->amount, moved->vault.asset.scale)},
                                        {"state", state},
                                        {"reason", moved->reason}}
                     .dump()
              << "\n";
  }
  if (moved->refused) return 1;
  if (context.json) return 0;
  if (moved->settled) return show_vault(context, args);
  print_text(
      "Asked for, as machine {}, and not done yet: no worker has taken it. `bursar up` does; `bursar machine "
      "history {}` shows it.\n",
      moved->machine.value, moved->machine.value);
  return 0;
}

}  // namespace

int list_vaults(const CommandContext& context) {
  const auto vaults = operations::vaults(context);
  if (!vaults) return complain(context, "vault list", vaults.error());
  if (context.json)
    std::cout << vaults_json(*vaults).dump() << "\n";
  else
    print_text("{}", Lines{vaults_table(*vaults)});
  return 0;
}

int show_vault(const CommandContext& context, const VaultArgs& args) {
  return show(context, "vault show", operations::vault(context, args.owner, args.name));
}

int create_vault(const CommandContext& context, const VaultArgs& args) {
  return show(context, "vault create", operations::create_vault(context, asker(), args));
}

int create_sleeve(const CommandContext& context, const VaultArgs& args, const schemas::config::Config& config) {
  return show(context, "sleeve create", operations::create_sleeve(context, asker(), args, config));
}

int set_tradeable(const CommandContext& context, const VaultArgs& args) {
  return answer(context, "vault set-tradeable", args, operations::set_tradeable(context, asker(), args));
}

int allocate(const CommandContext& context, const VaultArgs& args) {
  return answer(context, "vault allocate", args, operations::allocate(context, asker(), args));
}

int reclaim(const CommandContext& context, const VaultArgs& args) {
  return answer(context, "vault reclaim", args, operations::reclaim(context, asker(), args));
}

namespace {

using VaultAction = int (*)(const CommandContext&, const VaultArgs&);

// A command on one vault of an owner.
CLI::App& on_vault(Commands& commands, CLI::App& noun, const char* name, const char* help, VaultAction act,
                   const std::shared_ptr<VaultArgs>& args) {
  CLI::App& made =
      commands.look(noun, name, help, [args, act](const CommandContext& context) { return act(context, *args); });
  made.add_option("--owner", args->owner, "whose vault (default: default)");
  return made;
}

void add_create(Commands& commands, CLI::App& vault, const std::shared_ptr<VaultArgs>& args) {
  CLI::App& create = on_vault(commands, vault, "create", "open one", create_vault, args);
  create.add_option("asset", args->asset, "the wallet's asset: USDT, BTC, ...")->required();
  create.add_option("--name", args->name, "default: the asset");
  create.add_option("--venue", args->venue, "default: paper");
  create.add_option("--account", args->account, "the account at the venue (default: main)");
  create.add_option("--reserve", args->reserve, "none, fixed or flexing (with measured volatility)");
  create.add_option("--reserve-percent", args->least, "the share that must stay, from 5 to 20; flexing: the least");
  create.add_option("--reserve-most", args->most, "flexing: the most, up to 20");
  create.add_option("--why", args->why);
}

void add_move(Commands& commands, CLI::App& vault, const char* name, const char* help, VaultAction act,
              const std::shared_ptr<VaultArgs>& args) {
  CLI::App& move = on_vault(commands, vault, name, help, act, args);
  move.add_option("vault", args->name)->required();
  move.add_option("sleeve", args->sleeve)->required();
  move.add_option("amount", args->amount)->required();
  move.add_option("--why", args->why);
}

}  // namespace

void add_vault_commands(Commands& commands) {
  auto args = std::make_shared<VaultArgs>();
  CLI::App& vault = commands.noun("vault", "Core Vaults: one wallet asset on one venue account, and its sleeves");
  commands.look(vault, "list", "every vault", list_vaults);
  on_vault(commands, vault, "show", "Total Coins, Tradeable Coins, Quiet and Flash balance", show_vault, args)
      .add_option("vault", args->name)
      ->required();
  add_create(commands, vault, args);
  CLI::App& elect =
      on_vault(commands, vault, "set-tradeable", "how many of its coins may be risked", set_tradeable, args);
  elect.add_option("vault", args->name)->required();
  elect.add_option("amount", args->amount)->required();
  elect.add_option("--why", args->why);
  add_move(commands, vault, "allocate", "Tradeable Coins to a sleeve", allocate, args);
  add_move(commands, vault, "reclaim", "a sleeve's free coins back", reclaim, args);
}

void add_sleeve_commands(Commands& commands) {
  auto args = std::make_shared<VaultArgs>();
  CLI::App& sleeve = commands.noun("sleeve", "sleeves: parts of a vault that one strategy trades");
  CLI::App& open = commands.look(sleeve, "create", "open one",
                                 [args](const CommandContext& context, const schemas::config::Config& config) {
                                   return create_sleeve(context, *args, config);
                                 });
  open.add_option("--owner", args->owner, "whose vault (default: default)");
  open.add_option("vault", args->name)->required();
  open.add_option("name", args->sleeve)->required();
  open.add_option("--kind", args->kind, "quiet or flash")->required();
  open.add_option("--pair", args->pair, "what it trades: ETH/USDT")->required();
  open.add_option("--why", args->why);
}

}  // namespace deploy
