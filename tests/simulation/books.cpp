#include "tests/simulation/books.hpp"

#include <algorithm>
#include <array>

#include "machines/catalog/catalog.hpp"
#include "schemas/codec/data.hpp"

namespace tests::simulation {

namespace allocation = machines::allocation;
using machines::AccountId;
using machines::Amount;
using machines::Frozen;
using machines::InstanceId;
using machines::Instant;
using machines::OwnerId;
using machines::SleeveId;

namespace {

constexpr machines::Int128 vault_funds = 50'000 * one_usdt;

machines::Move birth(std::string_view kind, std::string_view to, std::string_view event, std::string_view command,
                     SleeveId sleeve, std::string data) {
  machines::Move move;
  move.instance = machines::Subject::birth(1);
  move.kind = kind;
  move.to = to;
  move.event = event;
  move.command = command;
  move.sleeve = sleeve;
  move.data = std::move(data);
  return move;
}

}  // namespace

Books::Books(const Market& market) : begins_at_(market.bars.front().opens_at) {
  ledger.open_asset(usdt);
  ledger.open_asset(eth);
  for (const auto& bar : market.bars) bars_[bar.opens_at] = bar;
  for (const OwnerPlan& owner : market.owners) open_owner(owner, market);
}

InstanceId Books::commit(machines::Step step) {
  const auto epoch = ledger.rows().shards.find(ledger.rows().owners.at(step.owner).shard);
  const int shard = ledger.rows().owners.at(step.owner).shard;
  const std::int64_t at = epoch == ledger.rows().shards.end() ? 0 : epoch->second;
  const auto results = ledger.commit(shard, at, std::span(&step, 1));
  CHECK(results[0].outcome == machines::Outcome::committed);
  return results[0].born.at(0);
}

void Books::open_owner(const OwnerPlan& plan, const Market& market) {
  const OwnerId owner{static_cast<std::int32_t>(vaults.size()) + 1};
  ledger.open_owner(owner, plan.shard);
  shards.push_back(plan.shard);
  VaultBooks vault;
  vault.owner = owner;
  vault.external = ledger.open_account({owner, "outside/paper/USDT", usdt.id, false, {}});
  vault.reserve = ledger.open_account({owner, "vault/core/reserve/USDT", usdt.id, true, {}});
  vault.tradeable = ledger.open_account({owner, "vault/core/tradeable/USDT", usdt.id, true, {}});
  machines::Step step;
  step.owner = owner;
  step.world_at = begins_at_ - machines::hours(1);
  machines::vault::Data data;
  data.reserve.flexed = Amount::zero(usdt.id);
  step.moves = {birth("vault", "open", "start", "none", {}, schemas::write_vault(data))};
  vault.instance = commit(std::move(step));
  order(vault, {}, vault_funds, begins_at_ - machines::milliseconds(2));
  for (const SleevePlan& sleeve : plan.sleeves) open_sleeve(vault, sleeve, market);
  funded += vault_funds;
  vaults.push_back(vault);
}

void Books::open_sleeve(VaultBooks& vault, const SleevePlan& plan, const Market& market) {
  const OwnerId owner = vault.owner;
  ledger::books::Sleeve sleeve;
  sleeve.owner = owner;
  sleeve.id = {static_cast<std::int64_t>(sleeves.size()) + 1};
  sleeve.name = plan.name;
  sleeve.symbol = market.pair.symbol;
  sleeve.strategy = schemas::write_momentum(plan.rules);
  sleeve.kind = plan.kind;
  sleeve.instrument = market.pair.instrument;
  const auto open = [&](const char* what, const machines::Asset& asset, bool limited, bool own) {
    return ledger.open_account({owner, "sleeve/" + plan.name + "/" + what + "/" + asset.code, asset.id, limited,
                                own ? sleeve.id : SleeveId{0}});
  };
  machines::SleeveAccounts& a = sleeve.accounts;
  a.quote = open("funds", usdt, true, true);
  a.base = open("funds", eth, true, true);
  a.trading_quote = open("trading", usdt, false, true);
  a.trading_base = open("trading", eth, false, true);
  a.fees_quote = open("fees", usdt, true, true);
  a.fees_base = open("fees", eth, true, true);
  a.suspense_quote = open("suspense", usdt, false, false);
  a.suspense_base = open("suspense", eth, false, false);
  a.tradeable = vault.tradeable;
  machines::Step step;
  step.owner = owner;
  step.world_at = begins_at_ - machines::hours(1);
  step.moves = {birth("sleeve", "open", "start", "none", sleeve.id, schemas::write_sleeve({Amount::zero(usdt.id)}))};
  sleeve_instances_[sleeve.id] = commit(std::move(step));
  vault.sleeves.push_back(sleeve.id);
  sleeves.emplace(std::pair(owner, sleeve.id), sleeve);
  for (int hand = 0; hand < (plan.is_given_twice ? 2 : 1); ++hand)
    order(vault, sleeve.id, plan.is_given_twice ? plan.allocation / 2 : plan.allocation,
          begins_at_ - machines::milliseconds(1));
}

// A person's allocation, requested; its job does the rest. Without a sleeve: the vault's funding.
void Books::order(const VaultBooks& vault, SleeveId sleeve, machines::Int128 amount, Instant at) {
  allocation::Data data;
  data.movement = sleeve.value == 0 ? allocation::Movement::fund : allocation::Movement::allocate_to_sleeve;
  data.amount = Amount(usdt.id, amount);
  data.reserve = Amount::zero(usdt.id);
  data.who = "treasurer";
  data.why = "to trade";
  data.external = vault.external;
  data.vault_reserve = vault.reserve;
  data.tradeable = vault.tradeable;
  machines::Step step;
  step.owner = vault.owner;
  step.world_at = begins_at_ - machines::hours(1);
  step.moves = {birth("allocation", "requested", "request", "allocate", sleeve, schemas::write_allocation(data))};
  step.jobs = {{machines::Subject::birth(1), "allocate", false, at, {}}};
  (void)commit(std::move(step));
}

machines::Int128 Books::available(AccountId account) const {
  return ledger.rows().accounts.at(account).counters.available();
}

std::optional<machines::Price> Books::close_at(Instant opens_at) const {
  const auto found = bars_.find(opens_at);
  if (found == bars_.end() || !found->second.close_sound) return std::nullopt;
  return found->second.close;
}

std::optional<machines::Price> Books::high(Instant from, Instant to) const {
  std::optional<machines::Price> highest;
  for (auto bar = bars_.lower_bound(from); bar != bars_.end() && bar->first <= to; ++bar)
    if (bar->second.close_sound) highest = std::max(highest.value_or(machines::Price{0}), bar->second.close);
  return highest;
}

void Books::add_sleeve_facts(ledger::journal::Facts& facts, OwnerId owner, Instant world_at) const {
  const auto& sleeve = sleeves.at({owner, facts.sleeve});
  const auto& rows = ledger.rows();
  facts.quote_available = available(sleeve.accounts.quote);
  facts.base_available = available(sleeve.accounts.base);
  facts.tradeable_available = available(sleeve.accounts.tradeable);
  facts.sleeve_instance = sleeve_instances_.at(facts.sleeve);
  const auto& own = rows.instances.at({owner, facts.sleeve_instance});
  facts.sleeve_version = own.version;
  facts.sleeve_machine_version = own.machine_version;
  facts.sleeve_data = own.data;
  facts.paused = is_paused(owner);
  if (facts.kind != "sleeve_cycle") return;
  const Instant opens_at = world_at + machines::milliseconds(1) - machines::hours(1);
  facts.close_now = close_at(opens_at);
  facts.close_1h = close_at(opens_at - machines::hours(1));
  facts.close_4h = close_at(opens_at - machines::hours(4));
  if (facts.state != "holding") return;
  const auto data = schemas::parse_cycle(facts.data);
  if (data) facts.high_since = high(data->entered_at, opens_at);
}

void Books::add_vault_facts(ledger::journal::Facts& facts, const VaultBooks& vault) const {
  const auto& rows = ledger.rows();
  facts.tradeable_available = available(vault.tradeable);
  facts.reserve_available = available(vault.reserve);
  facts.vault_total = facts.tradeable_available + facts.reserve_available;
  for (const SleeveId sleeve : vault.sleeves) {
    const auto& counters = rows.accounts.at(sleeves.at({vault.owner, sleeve}).accounts.quote).counters;
    facts.vault_total += counters.credits_posted - counters.debits_posted;
  }
  facts.vault_data = rows.instances.at({vault.owner, vault.instance}).data;
  facts.sleeve_has_cycle = std::any_of(rows.instances.begin(), rows.instances.end(), [&](const auto& row) {
    return row.first.owner == vault.owner && row.second.kind == "sleeve_cycle" && row.second.sleeve == facts.sleeve &&
           !row.second.is_final;
  });
}

std::optional<ledger::journal::Facts> Books::facts(const machines::LeasedJob& job) const {
  const auto& rows = ledger.rows();
  const OwnerId owner = job.key.owner;
  const auto found = rows.instances.find({owner, job.key.instance});
  if (found == rows.instances.end()) return std::nullopt;
  const auto& instance = found->second;
  ledger::journal::Facts facts;
  facts.kind = instance.kind;
  facts.state = instance.state;
  facts.data = instance.data;
  constexpr std::array words{"no", "entries+transfers", "all"};
  facts.frozen = words[static_cast<std::size_t>(frozen(owner))];
  facts.world_now = world_now;
  facts.machine_version = instance.machine_version;
  facts.version = instance.version;
  facts.is_final = instance.is_final;
  facts.parent = instance.parent;
  facts.sleeve = instance.sleeve;
  facts.control_epoch = rows.owners.at(owner).control_epoch + rows.control_epoch;
  if (const auto parent = rows.instances.find({owner, instance.parent}); parent != rows.instances.end()) {
    facts.parent_kind = parent->second.kind;
    facts.parent_state = parent->second.state;
    facts.parent_data = parent->second.data;
    facts.parent_version = parent->second.version;
    facts.parent_machine_version = parent->second.machine_version;
  }
  if (facts.sleeve.value != 0) add_sleeve_facts(facts, owner, job.world_at);
  if (facts.kind == "allocation" || facts.kind == "vault")
    for (const VaultBooks& vault : vaults)
      if (vault.owner == owner) add_vault_facts(facts, vault);
  return facts;
}

void Books::pause(OwnerId owner) {
  ++paused_[owner];
  ledger.raise_control_epoch(owner);
}

bool Books::is_paused(OwnerId owner) const {
  const auto found = paused_.find(owner);
  return found != paused_.end() && found->second > 0;
}

void Books::freeze(OwnerId owner, Frozen level) {
  ++frozen_[{owner, level}];
  const bool is_all = frozen_[{owner, Frozen::all}] > 0;
  owner.value == 0 ? ledger.freeze(is_all) : ledger.freeze(owner, is_all);
}

void Books::thaw(OwnerId owner, Frozen level) {
  frozen_[{owner, level}] -= 2;
  freeze(owner, level);
}

Frozen Books::frozen(OwnerId owner) const {
  const auto holds = [&](Frozen level) {
    return std::any_of(frozen_.begin(), frozen_.end(), [&](const auto& one) {
      return one.second > 0 && one.first.second == level && (one.first.first.value == 0 || one.first.first == owner);
    });
  };
  if (holds(Frozen::all)) return Frozen::all;
  return holds(Frozen::entries) ? Frozen::entries : Frozen::nothing;
}

void Books::lift(OwnerId owner, Instant world_at) {
  --paused_[owner];
  ledger.raise_control_epoch(owner);
  if (is_paused(owner)) return;
  std::vector<InstanceId> resting;
  for (const auto& [key, instance] : ledger.rows().instances)
    if (key.owner == owner && instance.kind == "sleeve_cycle" && instance.state == "paused") resting.push_back(key.id);
  for (const InstanceId id : resting) ledger.submit_event(owner, id, "resume", world_at);
}

std::vector<InstanceId> Books::live_orders(OwnerId owner) const {
  std::vector<InstanceId> live;
  for (const auto& [key, instance] : ledger.rows().instances)
    if (key.owner == owner && instance.kind == "order" && !instance.is_final) live.push_back(key.id);
  return live;
}

std::string Books::stranded() const {
  const auto& rows = ledger.rows();
  for (const auto& [key, instance] : rows.instances) {
    const auto* kind = machines::catalog::find(machines::catalog::kinds(), instance.kind);
    if (instance.is_final || (kind != nullptr && kind->stands)) continue;
    const auto job = rows.jobs.lower_bound({key.owner, key.id, 0, 0});
    const bool has_job = job != rows.jobs.end() && job->first.owner == key.owner && job->first.instance == key.id;
    const bool has_child = std::any_of(rows.instances.begin(), rows.instances.end(), [&key = key](const auto& row) {
      return row.first.owner == key.owner && row.second.parent == key.id && !row.second.is_final;
    });
    const bool rests = instance.state == "paused" && is_paused(key.owner);
    if (!has_job && !has_child && !rests)
      return instance.kind + " " + std::to_string(key.id.value) + " (" + instance.state + ") is stranded";
  }
  return "";
}

}  // namespace tests::simulation
