#include "deploy/cli/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "deploy/cli/broker_limits.hpp"
#include "deploy/cli/commands.hpp"
#include "deploy/operations/status.hpp"
#include "deploy/report/figures.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/env/times.hpp"

namespace deploy {

using ledger::env::age_text;
using operations::StatusView;

namespace {

using nlohmann::ordered_json;

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

}  // namespace

int show_status(const CommandContext& context, std::int64_t stuck_after_s) {
  const auto view = operations::status(context, stuck_after_s);
  if (!view) return complain(context, "status", view.error());
  const std::size_t stranded = view->stranded.size();
  if (stranded > 0)
    put_error(context, ErrorCode::unsound, fmt::format("status: {} stranded: nothing will move them", stranded));
  if (context.json)
    std::cout << status_json(*view).dump() << "\n";
  else
    print_status(*view);
  return stranded == 0 ? 0 : 1;
}

void add_status_command(Commands& commands) {
  commands.look(commands.program(), "status", "instances, jobs, workers, brokers, stranded work",
                [](const CommandContext& context, const schemas::config::Config& config) {
                  return show_status(context, config.broker.stuck_after_s);
                });
}

}  // namespace deploy
