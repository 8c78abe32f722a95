#include "tests/simulation/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "machines/sleeve/sleeve.hpp"
#include "machines/vault/vault.hpp"
#include "schemas/codec/data.hpp"
#include "tests/simulation/planted.hpp"

namespace tests::simulation {

using ledger::model::Transition;
using machines::Int128;

namespace {

template <class Table>
bool is_row(const Table& table, const Transition& transition) {
  return std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
    return machines::name_of(row.from) == transition.from && machines::name_of(row.on) == transition.event &&
           machines::name_of(row.to) == transition.to && machines::name_of(row.then) == transition.command;
  });
}

bool is_known(const Transition& transition) {
  if (transition.from.empty()) return true;  // a birth
  if (transition.kind == "order") return is_row(machines::order::transitions, transition);
  if (transition.kind == "sleeve_cycle") return is_row(machines::sleeve_cycle::transitions, transition);
  if (transition.kind == "allocation") return is_row(machines::allocation::transitions, transition);
  if (transition.kind == "sleeve") return is_row(machines::sleeve::transitions, transition);
  return transition.kind == "vault" && is_row(machines::vault::transitions, transition);
}

std::string check_history(const Ground& ground) {
  for (const auto& [key, transition] : ground.books.ledger.rows().transitions)
    if (!is_known(transition))
      return fmt::format("{} {}: {} -> {} on {} is no row of its table", transition.kind, key.instance.value,
                         transition.from, transition.to, transition.event);
  return "";
}

std::string check_rest(const Ground& ground) {
  const auto& rows = ground.books.ledger.rows();
  for (const auto& [key, instance] : rows.instances)
    if (!instance.is_final && (instance.kind == "order" || instance.kind == "allocation"))
      return fmt::format("{} {} is still {}", instance.kind, key.id.value, instance.state);
  for (const auto& [key, hold] : rows.holds)
    if (hold.resolved_by.value == 0)
      return fmt::format("the hold of instance {} has no order and stands", key.leg.instance.value);
  for (const auto& [key, job] : rows.jobs)
    if (!job.parked.empty()) return fmt::format("a job of instance {} is parked", key.instance.value);
  for (const auto& [id, account] : rows.accounts)
    if (account.path.find("/suspense/") != std::string::npos && account.version > 0) return account.path + " was used";
  return ground.books.stranded();
}

// One live cycle per sleeve; a flash sleeve that watches holds no more than its allocation.
std::string check_sleeves(const Ground& ground) {
  const auto& rows = ground.books.ledger.rows();
  for (const auto& [key, sleeve] : ground.books.sleeves) {
    const ledger::model::Instance* live = nullptr;
    Int128 allocation = 0;
    for (const auto& [id, instance] : rows.instances) {
      if (id.owner != key.first || instance.sleeve != key.second) continue;
      if (const auto data = schemas::parse_sleeve(instance.data); instance.kind == "sleeve" && data)
        allocation = data->allocation.minor();
      if (instance.kind != "sleeve_cycle" || instance.is_final) continue;
      if (live != nullptr) return "sleeve " + sleeve.name + " has two live cycles";
      live = &instance;
    }
    if (live == nullptr) return "sleeve " + sleeve.name + " has no live cycle";
    const bool is_flat = live->state == "watching" || live->state == "paused";
    if (sleeve.kind == machines::SleeveKind::flash && is_flat &&
        ground.books.available(sleeve.accounts.quote) > allocation)
      return "flash sleeve " + sleeve.name + " keeps profit";
  }
  return "";
}

// What an order's row says it got, against what the venue says that it gave: base, quote, fees of both kinds.
std::string check_order(const Ground& ground, machines::InstanceId id, const ledger::model::Instance& order) {
  const auto data = schemas::parse_order(order.data);
  if (!data) return fmt::format("order {} can't be read", id.value);
  const std::string client_id = fmt::format("{}{:016x}", deployment, id.value);
  std::array<Int128, 4> given{};
  if (ground.venue.placed().contains(client_id))
    for (const auto& fill : ground.venue.report(client_id).fills) {
      given[0] += fill.base;
      given[1] += fill.quote;
      given[fill.fee_asset == "ETH" ? 3 : 2] += fill.fee;
    }
  const std::array<Int128, 4> booked{data->base.minor(), data->quote.minor(), data->fees.minor(),
                                     data->fees_base.minor()};
  return booked == given ? "" : fmt::format("order {} is not booked as the venue filled it", id.value);
}

std::string check_venue(const Ground& ground) {
  const auto& rows = ground.books.ledger.rows();
  std::set<std::string> own;
  for (const auto& [key, instance] : rows.instances) {
    if (instance.kind != "order") continue;
    own.insert(fmt::format("{}{:016x}", deployment, key.id.value));
    if (std::string wrong = check_order(ground, key.id, instance); !wrong.empty()) return wrong;
  }
  for (const std::string& id : ground.venue.placed())
    if (!own.contains(id)) return "the venue has an order " + id + " that is none of ours";
  Int128 quote = 0, base = 0;
  const auto balance = [&](machines::AccountId account) {
    const auto& counters = rows.accounts.at(account).counters;
    return counters.credits_posted - counters.debits_posted;
  };
  for (const VaultBooks& vault : ground.books.vaults) quote += balance(vault.reserve) + balance(vault.tradeable);
  for (const auto& [key, sleeve] : ground.books.sleeves) {
    quote += balance(sleeve.accounts.quote);
    base += balance(sleeve.accounts.base);
  }
  if (quote != ground.venue.total("USDT") || base != ground.venue.total("ETH"))
    return "the venue's statement is not what the ledger says";
  return "";
}

}  // namespace

std::string broken_promise(const Ground& ground) {
  if (std::string wrong = ground.books.ledger.verify(); !wrong.empty()) return wrong;
  for (const auto check : {check_history, check_rest, check_sleeves, check_venue})
    if (std::string wrong = check(ground); !wrong.empty()) return wrong;
  return "";
}

}  // namespace tests::simulation
