#include "deploy/cli/vaults.hpp"

#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "deploy/cli/commands.hpp"
#include "deploy/report/vault_page.hpp"
#include "deploy/terminal/asker.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/books/vaults.hpp"
#include "machines/core/names.hpp"
#include "schemas/codec/data.hpp"
#include "workers/harness/run_alone.hpp"

namespace deploy {

using deploy::report::plain_amount;
using deploy::report::vault_diagram;
using deploy::report::vaults_json;
using deploy::report::vaults_table;
using workers::harness::do_movement;

namespace {

using ledger::books::SleeveView;
using ledger::books::VaultView;
using machines::Amount;
using Movement = machines::allocation::Movement;

std::string names_of(const std::vector<VaultView>& vaults) {
  std::string names;
  for (const VaultView& vault : vaults) names += (names.empty() ? "" : ", ") + vault.name;
  return names.empty() ? "none" : names;
}

const VaultView* vault_named(const std::vector<VaultView>& vaults, const std::string& name) {
  for (const VaultView& vault : vaults)
    if (vault.name == name) return &vault;
  return nullptr;
}

const SleeveView* sleeve_named(const VaultView& vault, const std::string& name) {
  for (const SleeveView& sleeve : vault.sleeves)
    if (sleeve.name == name) return &sleeve;
  return nullptr;
}

// Why the text is no amount to move; empty when it is one.
std::string objection_to(const std::string& text, const machines::AmountResult& amount, const machines::Asset& asset,
                         bool may_be_zero) {
  if (!amount) {
    if (amount.error() == machines::AmountError::over_precise)
      return fmt::format("amount `{}` has more decimals than {} keeps, which is {}", text, asset.code, asset.scale);
    if (amount.error() == machines::AmountError::overflow)
      return fmt::format("amount `{}` is too large for any ledger", text);
    return fmt::format("amount `{}` is no decimal number; write it like 1500 or 0.25", text);
  }
  if (amount->is_negative())
    return fmt::format("amount `{}` is negative; to take back, use the opposite command", text);
  if (amount->is_zero() && !may_be_zero) return "amount 0 moves nothing";
  return "";
}

// What every order on a vault begins with: the vault, and the amount where one is named.
struct StepContext {
  ledger::Connection connection;
  VaultView vault;
  Amount amount;
  int code = 0;  // not 0: it was said what is wrong
};

StepContext ground_of(const CommandContext& context, const std::string& command, const VaultArgs& order,
                      bool with_amount, bool may_be_zero = false) {
  StepContext ground{ledger::Connection(context.dsn), {}, {}, 0};
  if (order.why.empty()) {
    ground.code = wrong(context, no_why(command));
    return ground;
  }
  const auto vaults = ledger::books::Vaults(ground.connection).vaults(order.owner);
  if (!vaults) {
    ground.code = failed(context, command, vaults.error());
    return ground;
  }
  const VaultView* vault = vault_named(*vaults, order.name);
  if (vault == nullptr) {
    ground.code = wrong(
        context,
        fmt::format("{}: {} has no vault `{}`; there are: {}", command, order.owner, order.name, names_of(*vaults)),
        ErrorCode::not_found);
    return ground;
  }
  ground.vault = *vault;
  if (!with_amount) return ground;
  const auto amount = machines::parse_amount(order.amount, vault->asset);
  if (const auto why = objection_to(order.amount, amount, vault->asset, may_be_zero); !why.empty())
    ground.code = wrong(context, fmt::format("{}: {}", command, why));
  else
    ground.amount = *amount;
  return ground;
}

std::string coins(const VaultView& vault, Amount amount) {
  return plain_amount(amount, vault.asset.scale) + " " + vault.asset.code;
}

// What is above something is an amount; a freeze is none of an amount's doing.
void say_refused(const CommandContext& context, const std::string& command, const std::string& amount,
                 const std::string& reason, const std::string& limits) {
  (void)refused(
      context, reason.starts_with("above")
                   ? fmt::format("{}: refused: {} is {}; {}", command, amount, reason, limits)
                   : fmt::format("{}: refused: {}; `bursar controls` says by whom, `bursar unfreeze` lifts it", command,
                                 reason));
}

// Has the movement done and says what came of it.
int move(const CommandContext& context, const std::string& command, StepContext& ground, Movement movement,
         Amount amount, machines::SleeveId sleeve, const VaultArgs& order, const std::string& limits) {
  machines::allocation::Data data;
  data.movement = movement;
  data.amount = amount;
  data.reserve = Amount::zero(amount.asset());
  data.who = who_asks();
  data.why = order.why;
  data.external = ground.vault.external_account;
  data.vault_reserve = ground.vault.reserve_account;
  data.tradeable = ground.vault.tradeable_account;
  const auto done = do_movement(ground.connection, context.house_may_run, ground.vault.owner, sleeve, data);
  if (!done) return failed(context, command, done.error());
  if (done->refused) say_refused(context, command, coins(ground.vault, amount), done->reason, limits);
  if (context.json) {
    const char* state = done->settled ? "settled" : done->refused ? "refused" : "waiting";
    std::cout << nlohmann::ordered_json{{"movement", machines::name_of(movement)},
                                        {"machine", done->instance.value},
                                        {"amount", plain_amount(amount, ground.vault.asset.scale)},
                                        {"state", state},
                                        {"reason", done->reason}}
                     .dump()
              << "\n";
  }
  if (done->refused) return 1;
  if (context.json) return 0;
  if (!done->settled)
    print_text(
        "Asked for, as machine {}, and not done yet: no worker has taken it. `bursar up` does; `bursar machine "
        "history {}` shows it.\n",
        done->instance.value, done->instance.value);
  return done->settled ? show_vault(context, order) : 0;
}

}  // namespace

int list_vaults(const CommandContext& context) {
  ledger::Connection connection(context.dsn);
  const auto vaults = ledger::books::Vaults(connection).vaults();
  if (!vaults) return failed(context, "vault list", vaults.error());
  if (context.json)
    std::cout << vaults_json(*vaults).dump() << "\n";
  else
    print_text("{}", Lines{vaults_table(*vaults)});
  return 0;
}

int show_vault(const CommandContext& context, const VaultArgs& order) {
  ledger::Connection connection(context.dsn);
  const auto vaults = ledger::books::Vaults(connection).vaults(order.owner);
  if (!vaults) return failed(context, "vault show", vaults.error());
  const VaultView* vault = vault_named(*vaults, order.name);
  if (vault == nullptr)
    return wrong(
        context,
        fmt::format("vault show: {} has no vault `{}`; there are: {}", order.owner, order.name, names_of(*vaults)),
        ErrorCode::not_found);
  if (context.json)
    std::cout << vaults_json({*vault}).front().dump() << "\n";
  else
    print_text("{}", Lines{vault_diagram(*vault)});
  return 0;
}

namespace {

// Where the coins are that are not free.
std::string how_to_release(const VaultView& vault) {
  machines::Int128 free = 0;
  for (const SleeveView& sleeve : vault.sleeves) free += sleeve.coins.minor() - sleeve.held.minor();
  if (free > 0)
    return fmt::format("reclaim from its sleeves first, of which {} are free",
                       coins(vault, Amount(vault.asset.id, free)));
  return fmt::format("its sleeves have nothing free: `bursar pause vault {} --why TEXT`, and reclaim when they rest",
                     vault.name);
}

}  // namespace

int set_tradeable(const CommandContext& context, const VaultArgs& order) {
  const std::string command = "vault set-tradeable";
  StepContext ground = ground_of(context, command, order, true, true);
  if (ground.code != 0) return ground.code;
  const VaultView& vault = ground.vault;
  const machines::Int128 more = ground.amount.minor() - vault.tradeable.minor();
  if (more == 0) return show_vault(context, order);
  if (more > 0)
    return move(context, command, ground, Movement::elect, Amount(vault.asset.id, more), {0}, order,
                fmt::format("{} are outside Tradeable, of which {} must stay in reserve",
                            coins(vault, vault.not_at_risk), coins(vault, vault.must_stay)));
  return move(context, command, ground, Movement::release, Amount(vault.asset.id, -more), {0}, order,
              fmt::format("{} are not allocated; {}", coins(vault, vault.unallocated), how_to_release(vault)));
}

namespace {

int between(const CommandContext& context, const VaultArgs& order, bool gives) {
  const std::string command = gives ? "vault allocate" : "vault reclaim";
  StepContext ground = ground_of(context, command, order, true);
  if (ground.code != 0) return ground.code;
  const VaultView& vault = ground.vault;
  const SleeveView* sleeve = sleeve_named(vault, order.sleeve);
  if (sleeve == nullptr) {
    std::string names;
    for (const SleeveView& one : vault.sleeves) names += (names.empty() ? "" : ", ") + one.name;
    return wrong(context,
                 fmt::format("{}: the vault {} has no sleeve `{}`; there are: {}", command, vault.name, order.sleeve,
                             names.empty() ? "none" : names),
                 ErrorCode::not_found);
  }
  if (gives)
    return move(context, command, ground, Movement::allocate_to_sleeve, ground.amount, sleeve->id, order,
                fmt::format("{} of {} Tradeable are not allocated", coins(vault, vault.unallocated),
                            coins(vault, vault.tradeable)));
  return move(
      context, command, ground, Movement::reclaim, ground.amount, sleeve->id, order,
      fmt::format("{} has {} free, and {} in an open position; pause it and reclaim when it rests", sleeve->name,
                  coins(vault, Amount(vault.asset.id, sleeve->coins.minor() - sleeve->held.minor())),
                  coins(vault, Amount(vault.asset.id, sleeve->cost.minor() + sleeve->held.minor()))));
}

}  // namespace

int allocate(const CommandContext& context, const VaultArgs& order) { return between(context, order, true); }
int reclaim(const CommandContext& context, const VaultArgs& order) { return between(context, order, false); }

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
