#include "deploy/operations/status.hpp"

#include <fmt/format.h>

#include <utility>

#include "brokers/schedule/scheduler.hpp"
#include "deploy/house/folder_owner.hpp"
#include "deploy/replay/opening.hpp"
#include "deploy/report/vault_page.hpp"
#include "ledger/books/vaults.hpp"

namespace deploy::operations {

using brokers::schedule::overdue_now;
using deploy::report::plain_amount;

namespace {

constexpr ledger::SqlStatement logins_statement = {
    "status_logins",
    "SELECT EXISTS (SELECT FROM ledger.seats() AS s WHERE s.lease_ms > 0) AND count(*) > 0 AND "
    "bool_and(pg_has_role(a.usesysid, n.nspowner, 'MEMBER')) "
    "FROM pg_namespace n JOIN pg_stat_activity a ON a.datname = current_database() AND a.backend_type = 'client "
    "backend' AND a.pid <> pg_backend_pid() "
    "WHERE n.nspname = 'ledger'",
    false};

// Sleeves with less than their venue's smallest order, and orders that a venue has refused.
ledger::Stored<std::vector<std::string>> cannot_trade_now(ledger::Connection& connection,
                                                          const std::vector<ledger::books::StateCount>& states) {
  std::vector<std::string> said;
  const auto vaults = ledger::books::Vaults(connection).vaults();
  if (!vaults) return machines::fail(vaults.error());
  for (const auto& vault : *vaults)
    for (const auto& sleeve : vault.sleeves)
      if (sleeve.is_too_small())
        said.push_back(fmt::format("sleeve {} of {} can't trade: it has {} {}, and the smallest order of {} is {} {}",
                                   sleeve.name, vault.owner_name, plain_amount(sleeve.coins, vault.asset.scale),
                                   vault.asset.code, sleeve.pair,
                                   plain_amount(sleeve.smallest_order, vault.asset.scale), vault.asset.code));
  for (const auto& one : states)
    if (one.kind == "order" && one.state == "rejected")
      said.push_back(fmt::format("{} order{} refused by the venue: `bursar machine list --all` names {}", one.count,
                                 one.count == 1 ? " was" : "s were", one.count == 1 ? "it" : "them"));
  return said;
}

// Brokers sit, and every session here, ours aside, is of a login that can act as the owner of the ledger.
ledger::Stored<bool> brokers_share_owners_login(ledger::Connection& connection) {
  const auto rows = connection.call(logins_statement);
  if (!rows) return machines::fail(rows.error());
  return rows->flag(0, 0);
}

// None where no house runs. The keys of another database's house would be refused: then its seats alone.
std::vector<BrokerState> brokers_of(const LedgerPlace& place, ledger::Connection& connection,
                                    const std::vector<ledger::jobs::SeatView>& seats) {
  if (!place.house_may_run) return {};
  if (why_of_another(place, connection).empty()) return ask_brokers(place.layout, seats);
  std::vector<BrokerState> unasked;
  unasked.reserve(seats.size());
  for (const auto& seat : seats) unasked.push_back({seat, std::nullopt});
  return unasked;
}

// What the ledger alone says, in this order; false and the error where it can't be read.
template <class T>
bool keep(const LedgerPlace& place, ledger::Stored<T> read, T& kept, std::optional<Error>& error) {
  if (error) return false;
  if (!read) {
    error = store_error(place, read.error());
    return false;
  }
  kept = std::move(*read);
  return true;
}

}  // namespace

Outcome<StatusView> status(const LedgerPlace& place, std::int64_t stuck_after_s) {
  ledger::Connection connection(place.dsn);
  ledger::books::Books books(connection);
  StatusView view;
  view.house_may_run = place.house_may_run;
  std::optional<Error> error;
  std::vector<FeedState> feeds;
  std::vector<ledger::jobs::SeatView> seats;
  if (!keep(place, books.state_counts(), view.states, error)) return machines::fail(*error);
  if (!keep(place, read_feed(connection), feeds, error)) return machines::fail(*error);
  // World time in a replay: the close of the last bar that was played.
  const machines::Instant world_now =
      feeds.empty() ? machines::Instant{}
                    : machines::next_bar_open(feeds.front().played_to) - machines::milliseconds(1);
  ledger::jobs::JobAdmin admin(connection);
  const bool is_read =
      keep(place, ledger::jobs::Jobs(connection).counts(world_now), view.jobs, error) &&
      keep(place, books.stranded(), view.stranded, error) &&
      keep(place, ledger::books::open_breaks(connection), view.breaks, error) &&
      keep(place, key_health(connection), view.keys, error) &&
      keep(place, ledger::jobs::Seats(connection).all(), seats, error) &&
      keep(place, admin.groups({.error_class = std::string(name_of(machines::GiveUpCode::no_worker_knows))}, world_now),
           view.unserved, error) &&
      keep(place, overdue_now(connection), view.overdue, error);
  if (!is_read) return machines::fail(*error);
  view.brokers = brokers_of(place, connection, seats);
  std::vector<schemas::BrokerView> answering;
  for (const auto& broker : view.brokers)
    if (broker.view) answering.push_back(*broker.view);
  const bool is_judged = keep(place, stuck_now(connection, answering, stuck_after_s), view.stuck, error) &&
                         keep(place, brokers_share_owners_login(connection), view.shares_owners_login, error) &&
                         keep(place, cannot_trade_now(connection, view.states), view.cannot_trade, error);
  if (!is_judged) return machines::fail(*error);
  return view;
}

}  // namespace deploy::operations
