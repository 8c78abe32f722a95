#include "tests/simulation/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "machines/catalog/catalog.hpp"
#include "schemas/codec/data.hpp"
#include "tests/simulation/planted.hpp"

namespace tests::simulation {

namespace catalog = machines::catalog;
using ledger::model::Transition;
using machines::Int128;

namespace {

bool is_known(const Transition& transition) {
  const auto* version = catalog::find(catalog::kinds(), transition.kind, transition.machine_version);
  return version != nullptr && version->allows(transition.from, transition.event, transition.to, transition.command);
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

Int128 allocation_of(const Ground& ground, machines::OwnerId owner, machines::SleeveId sleeve) {
  for (const auto& [id, instance] : ground.books.ledger.rows().instances)
    if (instance.kind == "sleeve" && id.owner == owner && instance.sleeve == sleeve)
      if (const auto data = schemas::parse_sleeve(instance.data)) return data->allocation.minor();
  return 0;
}

// One live cycle per sleeve; a flash sleeve that watches holds no more than its allocation.
std::string check_sleeves(const Ground& ground) {
  const auto& rows = ground.books.ledger.rows();
  for (const auto& [key, sleeve] : ground.books.sleeves) {
    const ledger::model::Instance* live = nullptr;
    for (const auto& [id, instance] : rows.instances) {
      if (id.owner != key.first || instance.sleeve != key.second) continue;
      if (instance.kind != "sleeve_cycle" || instance.is_final) continue;
      if (live != nullptr) return "sleeve " + sleeve.name + " has two live cycles";
      live = &instance;
    }
    if (live == nullptr) return "sleeve " + sleeve.name + " has no live cycle";
    const bool is_flat = live->state == "watching" || live->state == "paused";
    if (sleeve.kind == machines::SleeveKind::flash && is_flat &&
        ground.books.available(sleeve.accounts.quote) > allocation_of(ground, key.first, key.second))
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

// What the venue's word makes of a sleeve: its coins, and the fees that it paid.
struct SleeveMoney {
  Int128 quote = 0, base = 0, fees = 0, fees_base = 0;
  bool operator==(const SleeveMoney&) const = default;
};

// What the vault gave it, and what it returned.
struct Given {
  Int128 allocated = 0, swept = 0;
};

Given given_to(const Ground& ground, const ledger::books::Sleeve& sleeve) {
  Given given;
  for (const auto& [key, posting] : ground.books.ledger.rows().postings) {
    if (posting.code == "allocate" && posting.credit == sleeve.accounts.quote) given.allocated += posting.amount;
    if (posting.code == "sweep" && posting.debit == sleeve.accounts.quote) given.swept += posting.amount;
  }
  return given;
}

void add_order(SleeveMoney& money, const schemas::OrderReport& report) {
  const Int128 sign = report.side == schemas::Side::buy ? 1 : -1;
  for (const auto& fill : report.fills) {
    const bool in_base = fill.fee_asset == "ETH";
    money.base += sign * fill.base - (in_base ? fill.fee : 0);
    money.quote -= sign * fill.quote + (in_base ? 0 : fill.fee);
    (in_base ? money.fees_base : money.fees) += fill.fee;
  }
}

// Each sleeve has what its own orders came to at the venue, and no other's.
std::string check_money(const Ground& ground) {
  const auto& rows = ground.books.ledger.rows();
  const auto balance = [&](machines::AccountId account) {
    const auto& counters = rows.accounts.at(account).counters;
    return counters.credits_posted - counters.debits_posted;
  };
  for (const auto& [key, sleeve] : ground.books.sleeves) {
    const Given given = given_to(ground, sleeve);
    if (given.swept != 0 && sleeve.kind == machines::SleeveKind::quiet)
      return "something was swept from the quiet sleeve " + sleeve.name;
    if (given.allocated != allocation_of(ground, key.first, key.second))
      return "the allocation of sleeve " + sleeve.name + " is not what its vault gave it";
    SleeveMoney due{given.allocated - given.swept, 0, 0, 0};
    for (const auto& [id, instance] : rows.instances) {
      const std::string client_id = fmt::format("{}{:016x}", deployment, id.id.value);
      if (instance.kind == "order" && id.owner == key.first && instance.sleeve == key.second &&
          ground.venue.placed().contains(client_id))
        add_order(due, ground.venue.report(client_id));
    }
    const auto& a = sleeve.accounts;
    if (due != SleeveMoney{balance(a.quote), balance(a.base), balance(a.fees_quote), balance(a.fees_base)})
      return "sleeve " + sleeve.name + " has not what its own orders came to";
  }
  return "";
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
  for (const auto check : {check_history, check_rest, check_sleeves, check_venue, check_money})
    if (std::string wrong = check(ground); !wrong.empty()) return wrong;
  return "";
}

}  // namespace tests::simulation
