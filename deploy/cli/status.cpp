#include "deploy/cli/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "brokers/schedule/scheduler.hpp"
#include "deploy/cli/broker_limits.hpp"
#include "deploy/cli/commands.hpp"
#include "deploy/house/broker_view.hpp"
#include "deploy/house/folder_owner.hpp"
#include "deploy/house/key_watch.hpp"
#include "deploy/house/stuck.hpp"
#include "deploy/replay/opening.hpp"
#include "deploy/report/figures.hpp"
#include "deploy/report/vault_page.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/books/books.hpp"
#include "ledger/books/reconciliation.hpp"
#include "ledger/books/vaults.hpp"
#include "ledger/env/times.hpp"
#include "ledger/jobs/job_admin.hpp"
#include "ledger/jobs/jobs.hpp"

namespace deploy {

using brokers::schedule::overdue_now;
using deploy::report::plain_amount;
using ledger::env::age_text;

namespace {

using nlohmann::ordered_json;

constexpr ledger::SqlStatement logins_statement = {
    "status_logins",
    "SELECT EXISTS (SELECT FROM ledger.seats() AS s WHERE s.lease_ms > 0) AND count(*) > 0 AND "
    "bool_and(pg_has_role(a.usesysid, n.nspowner, 'MEMBER')) "
    "FROM pg_namespace n JOIN pg_stat_activity a ON a.datname = current_database() AND a.backend_type = 'client "
    "backend' AND a.pid <> pg_backend_pid() "
    "WHERE n.nspname = 'ledger'",
    false};

struct StatusView {
  std::vector<ledger::books::StateCount> states;
  ledger::jobs::Counts jobs;
  std::vector<ledger::books::Stranded> stranded;
  ledger::books::OpenBreaks breaks;
  KeyHealth keys;
  std::vector<ledger::jobs::JobGroup> unserved;  // jobs that no worker here knows the machine of
  std::vector<BrokerState> brokers;
  bool house_may_run = true;
  std::vector<std::string> overdue;  // schedules, a sentence each
  std::vector<StuckWork> stuck = {};
  bool shares_owners_login = false;            // the brokers do
  std::vector<std::string> cannot_trade = {};  // sleeves and refused orders, a sentence each
};

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

ordered_json status_json(const StatusView& view) {
  ordered_json json;
  json["keys"] = {{"usable", view.keys.usable},        {"resting", view.keys.resting},
                  {"incidents", view.keys.incidents},  {"accounts_without", view.keys.without},
                  {"waiting_jobs", view.keys.waiting}, {"waiting_for", view.keys.waiting_for}};
  json["instances"] = ordered_json::array();
  for (const auto& one : view.states)
    json["instances"].push_back({{"kind", one.kind}, {"state", one.state}, {"count", one.count}});
  json["jobs"] = {{"ready", view.jobs.ready},     {"timers", view.jobs.timers}, {"leased", view.jobs.leased},
                  {"delayed", view.jobs.delayed}, {"parked", view.jobs.parked}, {"held", view.jobs.held}};
  json["unserved"] = ordered_json::array();
  for (const auto& one : view.unserved)
    json["unserved"].push_back({{"kind", one.kind}, {"why", one.reason}, {"count", one.count}});
  json["brokers"] = ordered_json::array();
  for (const char* list : {"workers", "limits", "unable"}) json[list] = ordered_json::array();
  for (const auto& [seat, broker] : view.brokers) {
    if (!broker) continue;
    ordered_json refusals = ordered_json::object();
    for (const auto& refusal : broker->refusals) refusals[refusal.reason] = refusal.count;
    json["brokers"].push_back({{"name", broker->broker},
                               {"endpoint", seat.endpoint},
                               {"epoch", broker->epoch},
                               {"shards", broker->shards},
                               {"waits_for", broker->waits_for},
                               {"dispatched", broker->dispatched},
                               {"reissued", broker->reissued},
                               {"refused_peers", broker->refused_peers},
                               {"refusals", refusals},
                               {"overdue", broker->overdue}});
    add_limits(json, *broker);
    for (const auto& worker : broker->workers)
      json["workers"].push_back({{"name", worker.worker},
                                 {"broker", broker->broker},
                                 {"in_flight", worker.in_flight},
                                 {"silent_ms", worker.silent_ms}});
  }
  json["stranded"] = view.stranded.size();
  json["overdue_schedules"] = view.overdue;
  json["cannot_trade"] = view.cannot_trade;
  json["stuck"] = ordered_json::array();
  for (const auto& [jobs, reason] : view.stuck)
    json["stuck"].push_back({{"kind", jobs.kind},
                             {"command", jobs.command},
                             {"count", jobs.count},
                             {"oldest_s", jobs.oldest_s},
                             {"reason", reason}});
  json["shares_owners_login"] = view.shares_owners_login;
  json["breaks"] = {{"open", view.breaks.count}, {"oldest_s", view.breaks.oldest_s}};
  return json;
}

void print_broker(const BrokerState& state) {
  const auto& [seat, view] = state;
  if (!view) {
    if (seat.lease_ms > 0) print_text("broker     {} at {} sits, and does not answer\n", seat.broker, seat.endpoint);
    return;
  }
  print_text("brokers    {} (epoch {}, {}, {} dispatched, {} re-issued, {} refused)\n", view->broker, view->epoch,
             report::counted(static_cast<std::int64_t>(view->shards.size()), "shard"),
             report::counted(static_cast<std::int64_t>(view->dispatched), "job"), view->reissued,
             report::counted(static_cast<std::int64_t>(view->refused_peers), "peer"));
  if (!view->waits_for.empty()) print_text("  waits for PostgreSQL: {}\n", view->waits_for);
  for (const auto& refusal : view->refusals) print_text("  refused  {}: {}\n", refusal.reason, refusal.count);
  for (const auto& worker : view->workers)
    print_text("worker     {} ({} in flight, heard {} ms ago)\n", worker.worker, worker.in_flight, worker.silent_ms);
  if (view->workers.empty()) print_text("workers    none registered\n");
  print_limits(*view);
}

void print_status(const StatusView& view) {
  print_text("instances\n");
  for (const auto& one : view.states) print_text("  {:<13} {:<11} {:>8}\n", one.kind, one.state, one.count);
  print_text("jobs       ready {}, leased {}, delayed {}, parked {}, held {}; timers {}\n", view.jobs.ready,
             view.jobs.leased, view.jobs.delayed, view.jobs.parked, view.jobs.held, view.jobs.timers);
  for (const auto& one : view.unserved) print_text("unserved   {} jobs of {}: {}\n", one.count, one.kind, one.reason);
  const auto answers = [](const BrokerState& broker) { return broker.view.has_value(); };
  for (const auto& broker : view.brokers) print_broker(broker);
  if (std::none_of(view.brokers.begin(), view.brokers.end(), answers))
    print_text("brokers    none{}\nworkers    none\n",
               view.house_may_run ? " answers" : ": the house is not running; `bursar up` starts it");
  print_text("breaks     {}\n", view.breaks.count == 0
                                    ? "0"
                                    : fmt::format("{} open, the oldest for {}: `bursar reconcile list`",
                                                  view.breaks.count, age_text(view.breaks.oldest_s)));
  if (const std::string keys = in_one_line(view.keys); !keys.empty()) print_text("keys       {}\n", keys);
  if (!view.overdue.empty())
    print_text("schedules  {} overdue: {}\n", view.overdue.size(), fmt::format("{}", fmt::join(view.overdue, "; ")));
  if (view.shares_owners_login)
    print_text(
        "LOGINS     brokers and workers log in as the owner of the ledger: whoever takes one over may do everything; "
        "give them their own with `bursar up --service-dsn`\n");
  for (const auto& one : view.cannot_trade) print_text("trading    {}\n", one);
  for (const auto& one : view.stuck) print_text("stuck      {}\n", in_one_line(one));
  print_text("stranded   {}\n", view.stranded.size());
  for (const auto& one : view.stranded)
    print_text("  {} {} is {}: no job, timer or child will move it\n", one.kind, one.id.value, one.state);
}

// Brokers sit, and every session here, ours aside, is of a login that can act as the owner of the ledger.
ledger::Stored<bool> brokers_share_owners_login(ledger::Connection& connection) {
  const auto rows = connection.call(logins_statement);
  if (!rows) return machines::fail(rows.error());
  return rows->flag(0, 0);
}

// None where no house runs. The keys of another database's house would be refused: then its seats alone.
std::vector<BrokerState> brokers_of(const CommandContext& context, ledger::Connection& connection,
                                    const std::vector<ledger::jobs::SeatView>& seats) {
  if (!context.house_may_run) return {};
  if (why_of_another(context, connection).empty()) return ask_brokers(context.layout, seats);
  std::vector<BrokerState> unasked;
  unasked.reserve(seats.size());
  for (const auto& seat : seats) unasked.push_back({seat, std::nullopt});
  return unasked;
}

}  // namespace

int show_status(const CommandContext& context, std::int64_t stuck_after_s) {
  ledger::Connection connection(context.dsn);
  ledger::books::Books books(connection);
  const auto states = books.state_counts();
  if (!states) return failed(context, "status", states.error());
  const auto feeds = read_feed(connection);
  if (!feeds) return failed(context, "status", feeds.error());
  // World time in a replay: the close of the last bar that was played.
  const machines::Instant world_now =
      feeds->empty() ? machines::Instant{}
                     : machines::next_bar_open(feeds->front().played_to) - machines::milliseconds(1);
  const auto jobs = ledger::jobs::Jobs(connection).counts(world_now);
  if (!jobs) return failed(context, "status", jobs.error());
  const auto stranded = books.stranded();
  if (!stranded) return failed(context, "status", stranded.error());
  const auto breaks = ledger::books::open_breaks(connection);
  if (!breaks) return failed(context, "status", breaks.error());
  const auto keys = key_health(connection);
  if (!keys) return failed(context, "status", keys.error());
  const auto seats = ledger::jobs::Seats(connection).all();
  if (!seats) return failed(context, "status", seats.error());
  const auto unserved = ledger::jobs::JobAdmin(connection).groups({.reason = "no worker here knows "}, world_now);
  if (!unserved) return failed(context, "status", unserved.error());
  const auto late = overdue_now(connection);
  if (!late) return failed(context, "status", late.error());
  StatusView view{*states,
                  *jobs,
                  *stranded,
                  *breaks,
                  *keys,
                  *unserved,
                  brokers_of(context, connection, *seats),
                  context.house_may_run,
                  *late};
  std::vector<schemas::BrokerView> answering;
  for (const auto& broker : view.brokers)
    if (broker.view) answering.push_back(*broker.view);
  auto stuck = stuck_now(connection, answering, stuck_after_s);
  if (!stuck) return failed(context, "status", stuck.error());
  view.stuck = std::move(*stuck);
  const auto shares = brokers_share_owners_login(connection);
  if (!shares) return failed(context, "status", shares.error());
  view.shares_owners_login = *shares;
  auto idle = cannot_trade_now(connection, *states);
  if (!idle) return failed(context, "status", idle.error());
  view.cannot_trade = std::move(*idle);
  if (!stranded->empty())
    put_error(context, ErrorCode::unsound,
              fmt::format("status: {} stranded: nothing will move them", stranded->size()));
  if (context.json)
    std::cout << status_json(view).dump() << "\n";
  else
    print_status(view);
  return stranded->empty() ? 0 : 1;
}

void add_status_command(Commands& commands) {
  commands.look(commands.program(), "status", "instances, jobs, workers, brokers, stranded work",
                [](const CommandContext& context, const schemas::config::Config& config) {
                  return show_status(context, config.broker.stuck_after_s);
                });
}

}  // namespace deploy
