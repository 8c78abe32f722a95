#include "deploy/cli/schedules.hpp"

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "brokers/schedule/cron.hpp"
#include "deploy/cli/commands.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/env/times.hpp"

namespace deploy {

using ledger::env::utc;
using operations::FiringView;
using operations::ScheduleStatus;

namespace {

using machines::Instant;
using nlohmann::ordered_json;

std::string took_text(const FiringView& firing) {
  if (firing.took_ms < 1'000) return firing.took_ms == 0 ? "-" : fmt::format("{} ms", firing.took_ms);
  return fmt::format("{:.1f} s", static_cast<double>(firing.took_ms) / 1e3);
}

ordered_json firing_json(const FiringView& one) {
  return {{"id", one.machine.value}, {"at", utc(one.at)}, {"state", one.state},    {"outcome", one.outcome},
          {"who", one.who},          {"why", one.why},    {"took_ms", one.took_ms}};
}

ordered_json schedule_json(const ScheduleStatus& status) {
  const auto& one = status.schedule;
  ordered_json json = {{"owner", one.owner_name},
                       {"name", one.name},
                       {"does", one.does},
                       {"cron", one.cron},
                       {"zone", one.zone},
                       {"overlap", one.overlap},
                       {"catch_up", one.catch_up},
                       {"is_on", one.is_on},
                       {"open", one.open},
                       {"next", ordered_json::array()},
                       {"overdue", status.overdue},
                       {"last", nullptr},
                       {"firings", ordered_json::array()}};
  for (const Instant at : status.next)
    json["next"].push_back({{"utc", utc(at)}, {"local", brokers::schedule::local_text(at, one.zone)}});
  if (!status.firings.empty()) json["last"] = firing_json(status.firings.front());
  for (const FiringView& firing : status.firings) json["firings"].push_back(firing_json(firing));
  return json;
}

std::string firing_text(const FiringView& one) {
  return fmt::format("{}  {:<7} {:>8}  {}{}{}{}", utc(one.at), one.state, took_text(one), one.who,
                     one.why.empty() ? "" : ": " + one.why, one.outcome.empty() ? "" : "; ", one.outcome);
}

void print_schedule(const ScheduleStatus& status) {
  const auto& one = status.schedule;
  print_text("{} of {}: {}{}\n", one.name, one.owner_name, one.does,
             one.is_on ? "" : "; the configuration names it no more");
  print_text("  times     {}  in {}\n  overlap   {}\n  catch-up  {}\n", one.cron, one.zone, one.overlap, one.catch_up);
  const char* title = "next";
  for (const Instant at : status.next) {
    print_text("  {:<8}  {}   {}\n", title, brokers::schedule::local_text(at, one.zone), utc(at));
    title = "";
  }
  for (const std::string& sentence : status.overdue) print_text("  overdue   {}\n", sentence);
  title = "fired";
  for (const FiringView& firing : status.firings) {
    print_text("  {:<8}  {}\n", title, firing_text(firing));
    title = "";
  }
  if (status.firings.empty()) print_text("  fired     never yet\n");
}

}  // namespace

int list_schedules(const CommandContext& context) {
  const auto all = operations::schedules(context);
  if (!all) return complain(context, "schedule list", all.error());
  ordered_json json = ordered_json::array();
  if (!context.json && all->empty())
    print_text("no schedules; [[schedule]] in the configuration makes one, when the house is live\n");
  else if (!context.json)
    print_text("{:<16} {:<10} {:<10} {:<18} {:<25} {}\n", "name", "owner", "does", "cron", "next", "last");
  for (const ScheduleStatus& status : *all) {
    const auto& one = status.schedule;
    if (context.json) {
      json.push_back(schedule_json(status));
      continue;
    }
    print_text("{:<16} {:<10} {:<10} {:<18} {:<25} {}\n", one.name, one.owner_name, one.does, one.cron,
               status.next.empty() ? (one.is_on ? "?" : "off") : utc(status.next.front()),
               status.firings.empty() ? "never yet" : firing_text(status.firings.front()));
  }
  if (context.json) std::cout << json.dump() << "\n";
  return 0;
}

int show_schedule(const CommandContext& context, const ScheduleArgs& args) {
  const auto status = operations::schedule(context, args);
  if (!status) return complain(context, "schedule show", status.error());
  if (context.json)
    std::cout << schedule_json(*status).dump() << "\n";
  else
    print_schedule(*status);
  return 0;
}

int run_schedule(const CommandContext& context, const ScheduleArgs& args) {
  const auto firing = operations::run_schedule(context, asker(), args);
  if (!firing) return complain(context, "schedule run", firing.error());
  const bool is_done = firing->state != "failed" && firing->state != "skipped";
  if (!is_done)
    put_error(context, ErrorCode::unsound, fmt::format("schedule run: {} {}", firing->state, firing->outcome));
  if (context.json)
    std::cout << firing_json(*firing).dump() << "\n";
  else
    print_text("{}: firing {} is {}{}{}\n", args.name, firing->machine.value, firing->state,
               firing->outcome.empty() ? "" : ": ", firing->outcome);
  return is_done ? 0 : 1;
}

void add_schedule_commands(Commands& commands) {
  auto args = std::make_shared<ScheduleArgs>();
  CLI::App& schedule = commands.noun("schedule", "what fires by the clock on the wall, while the house is live");
  commands.look(schedule, "list", "every schedule, when it fires next, what became of the last time", list_schedules);
  struct Verb {
    const char* name;
    const char* help;
    int (*act)(const CommandContext&, const ScheduleArgs&);
  };
  for (const Verb& verb :
       {Verb{"show", "one: its next five times, in its zone and in UTC, and its last ten firings", show_schedule},
        Verb{"run", "fires it now, beside the clock", run_schedule}}) {
    CLI::App& command =
        commands.look(schedule, verb.name, verb.help,
                      [args, act = verb.act](const CommandContext& context) { return act(context, *args); });
    command.add_option("name", args->name)->required();
    command.add_option("--owner", args->owner, "whose (default: default)");
    if (verb.act == run_schedule) command.add_option("--why", args->why, "kept in the history");
  }
}

}  // namespace deploy
