#include "deploy/operations/vaults.hpp"

#include <fmt/format.h>

#include <utility>

#include "deploy/report/vault_page.hpp"
#include "workers/harness/run_alone.hpp"

namespace deploy::operations {

using deploy::report::plain_amount;
using workers::harness::do_movement;

namespace {

using ledger::books::SleeveView;
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

std::string coins(const VaultView& vault, Amount amount) {
  return plain_amount(amount, vault.asset.scale) + " " + vault.asset.code;
}

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

// One of an owner's vaults.
Outcome<VaultView> find(const LedgerPlace& place, ledger::Connection& connection, const VaultArgs& args) {
  const auto all = ledger::books::Vaults(connection).vaults(args.owner);
  if (!all) return store_failure(place, all.error());
  if (const VaultView* found = vault_named(*all, args.name)) return *found;
  return refuse(ErrorCode::not_found,
                fmt::format("{} has no vault `{}`; there are: {}", args.owner, args.name, names_of(*all)));
}

// What every order on a vault begins with.
struct Opened {
  ledger::Connection connection;
  VaultView vault;
  Amount amount;
};

Outcome<bool> open(const LedgerPlace& place, Opened& ground, const VaultArgs& args, bool may_be_zero) {
  if (args.why.empty()) return no_reason_given();
  auto found = find(place, ground.connection, args);
  if (!found) return machines::fail(found.error());
  ground.vault = std::move(*found);
  const auto amount = machines::parse_amount(args.amount, ground.vault.asset);
  if (auto why = objection_to(args.amount, amount, ground.vault.asset, may_be_zero); !why.empty())
    return refuse(ErrorCode::usage, std::move(why));
  ground.amount = *amount;
  return true;
}

// Why, and what the limit is. What is above something is an amount; a freeze is none of an amount's doing.
Error refusal_of(const VaultView& vault, Amount amount, const std::string& reason, const std::string& limits) {
  // tidy: a sentence because the machine's history keeps the refusal in words, and only words are chosen by it here
  if (reason.starts_with("above"))
    return {ErrorCode::refused, fmt::format("refused: {} is {}", coins(vault, amount), reason), limits};
  return {ErrorCode::refused, "refused: " + reason, "`bursar controls` says by whom, `bursar unfreeze` lifts it"};
}

// Has the movement done.
Outcome<MovedCoins> move(const LedgerPlace& place, const Asker& who, Opened& ground, Movement movement, Amount amount,
                         machines::SleeveId sleeve, const std::string& why, const std::string& limits) {
  const VaultView& vault = ground.vault;
  machines::allocation::Data data;
  data.movement = movement;
  data.amount = amount;
  data.reserve = Amount::zero(amount.asset());
  data.who = who.name;
  data.why = why;
  data.external = vault.external_account;
  data.vault_reserve = vault.reserve_account;
  data.tradeable = vault.tradeable_account;
  const auto done = do_movement(ground.connection, place.house_may_run, vault.owner, sleeve, data);
  if (!done) return store_failure(place, done.error());
  MovedCoins made{vault, done->instance, movement, amount, done->settled};
  made.reason = done->reason;
  if (done->refused) made.refused = refusal_of(vault, amount, done->reason, limits);
  return made;
}

Outcome<MovedCoins> between(const LedgerPlace& place, const Asker& who, const VaultArgs& args, bool gives) {
  Opened ground{ledger::Connection(place.dsn), {}, {}};
  if (const auto opened = open(place, ground, args, false); !opened) return machines::fail(opened.error());
  const VaultView& vault = ground.vault;
  const SleeveView* sleeve = sleeve_named(vault, args.sleeve);
  if (sleeve == nullptr) {
    std::string names;
    for (const SleeveView& one : vault.sleeves) names += (names.empty() ? "" : ", ") + one.name;
    return refuse(ErrorCode::not_found, fmt::format("the vault {} has no sleeve `{}`; there are: {}", vault.name,
                                                    args.sleeve, names.empty() ? "none" : names));
  }
  if (gives)
    return move(place, who, ground, Movement::allocate_to_sleeve, ground.amount, sleeve->id, args.why,
                fmt::format("{} of {} Tradeable are not allocated", coins(vault, vault.unallocated),
                            coins(vault, vault.tradeable)));
  return move(
      place, who, ground, Movement::reclaim, ground.amount, sleeve->id, args.why,
      fmt::format("{} has {} free, and {} in an open position; pause it and reclaim when it rests", sleeve->name,
                  coins(vault, Amount(vault.asset.id, sleeve->coins.minor() - sleeve->held.minor())),
                  coins(vault, Amount(vault.asset.id, sleeve->cost.minor() + sleeve->held.minor()))));
}

}  // namespace

Outcome<std::vector<VaultView>> vaults(const LedgerPlace& place) {
  ledger::Connection connection(place.dsn);
  auto all = ledger::books::Vaults(connection).vaults();
  if (!all) return store_failure(place, all.error());
  return std::move(*all);
}

Outcome<VaultView> vault(const LedgerPlace& place, const std::string& owner, const std::string& name) {
  ledger::Connection connection(place.dsn);
  VaultArgs args;
  args.owner = owner;
  args.name = name;
  return find(place, connection, args);
}

Outcome<MovedCoins> set_tradeable(const LedgerPlace& place, const Asker& who, const VaultArgs& args) {
  Opened ground{ledger::Connection(place.dsn), {}, {}};
  if (const auto opened = open(place, ground, args, true); !opened) return machines::fail(opened.error());
  const VaultView& vault = ground.vault;
  const machines::Int128 more = ground.amount.minor() - vault.tradeable.minor();
  if (more == 0) return MovedCoins{vault, {0}, Movement::elect, Amount::zero(vault.asset.id), true};
  if (more > 0)
    return move(place, who, ground, Movement::elect, Amount(vault.asset.id, more), {0}, args.why,
                fmt::format("{} are outside Tradeable, of which {} must stay in reserve",
                            coins(vault, vault.not_at_risk), coins(vault, vault.must_stay)));
  return move(place, who, ground, Movement::release, Amount(vault.asset.id, -more), {0}, args.why,
              fmt::format("{} are not allocated; {}", coins(vault, vault.unallocated), how_to_release(vault)));
}

Outcome<MovedCoins> allocate(const LedgerPlace& place, const Asker& who, const VaultArgs& args) {
  return between(place, who, args, true);
}

Outcome<MovedCoins> reclaim(const LedgerPlace& place, const Asker& who, const VaultArgs& args) {
  return between(place, who, args, false);
}

}  // namespace deploy::operations
