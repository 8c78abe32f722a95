#include "deploy/cli/schedules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "brokers/schedule/cron.hpp"
#include "brokers/schedule/scheduler.hpp"
#include "deploy/cli/commands.hpp"
#include "deploy/terminal/asker.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/env/times.hpp"

namespace deploy {

using brokers::schedule::overdue;
using ledger::env::utc;
using ledger::env::wall_now;

namespace {

using ledger::jobs::FiringView;
using ledger::jobs::Schedule;
using ledger::jobs::Schedules;
using machines::Instant;
using nlohmann::ordered_json;

constexpr int times_shown = 5, firings_shown = 10;

// The first ones after now; none where this system can't read it, or the configuration names it no more.
std::vector<Instant> coming(const Schedule& one, int count) {
  const auto cron = brokers::schedule::Cron::parse(one.cron);
  if (!cron || !brokers::schedule::is_zone(one.zone) || !one.is_on) return {};
  return next_times(*cron, one.zone, wall_now(), count);
}

std::string took_text(const FiringView& firing) {
  if (firing.took_ms < 1'000) return firing.took_ms == 0 ? "-" : fmt::format("{} ms", firing.took_ms);
  return fmt::format("{:.1f} s", static_cast<double>(firing.took_ms) / 1e3);
}

ordered_json firing_json(const FiringView& one) {
  return {{"id", one.machine.value}, {"at", utc(one.at)}, {"state", one.state},    {"outcome", one.outcome},
          {"who", one.who},          {"why", one.why},    {"took_ms", one.took_ms}};
}

ordered_json schedule_json(const Schedule& one, const std::vector<FiringView>& firings, int count) {
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
                       {"overdue", overdue({one}, wall_now())},
                       {"last", nullptr},
                       {"firings", ordered_json::array()}};
  for (const Instant at : coming(one, count))
    json["next"].push_back({{"utc", utc(at)}, {"local", brokers::schedule::local_text(at, one.zone)}});
  if (!firings.empty()) json["last"] = firing_json(firings.front());
  for (const FiringView& firing : firings) json["firings"].push_back(firing_json(firing));
  return json;
}

std::string firing_text(const FiringView& one) {
  return fmt::format("{}  {:<7} {:>8}  {}{}{}{}", utc(one.at), one.state, took_text(one), one.who,
                     one.why.empty() ? "" : ": " + one.why, one.outcome.empty() ? "" : "; ", one.outcome);
}

void print_schedule(const Schedule& one, const std::vector<FiringView>& firings) {
  print_text("{} of {}: {}{}\n", one.name, one.owner_name, one.does,
             one.is_on ? "" : "; the configuration names it no more");
  print_text("  times     {}  in {}\n  overlap   {}\n  catch-up  {}\n", one.cron, one.zone, one.overlap, one.catch_up);
  const char* title = "next";
  for (const Instant at : coming(one, times_shown)) {
    print_text("  {:<8}  {}   {}\n", title, brokers::schedule::local_text(at, one.zone), utc(at));
    title = "";
  }
  for (const std::string& sentence : overdue({one}, wall_now())) print_text("  overdue   {}\n", sentence);
  title = "fired";
  for (const FiringView& firing : firings) {
    print_text("  {:<8}  {}\n", title, firing_text(firing));
    title = "";
  }
  if (firings.empty()) print_text("  fired     never yet\n");
}

// The schedule of that name; says why not.
std::optional<Schedule> find(const CommandContext& context, Schedules& schedules, const ScheduleArgs& order,
                             const char* command, int& exit_code) {
  const auto all = schedules.all();
  if (!all) {
    exit_code = failed(context, command, all.error());
    return std::nullopt;
  }
  std::string known;
  for (const Schedule& one : *all) {
    if (one.owner_name == order.owner && one.name == order.name) return one;
    if (one.owner_name == order.owner) known += (known.empty() ? "" : ", ") + one.name;
  }
  exit_code = wrong(context,
                    fmt::format("{}: {} has no schedule `{}`; {}", command, order.owner, order.name,
                                known.empty() ? "[[schedule]] in the configuration makes one, when the house is live"
                                              : "there are: " + known),
                    ErrorCode::not_found);
  return std::nullopt;
}

// Why nothing was fired.
int not_fired(const CommandContext& context, const std::string& name, const std::string& state) {
  const std::string why = state == "unknown" ? "the configuration names it no more"
                          : state == "replaying"
                              ? "a replay goes on; schedules fire when the house is live, after its end"
                              : "it has just fired";
  return refused(context, fmt::format("schedule run: {} was not fired: {}", name, why));
}

// The firing, once it has ended; as it is after ten seconds.
ledger::Stored<FiringView> await(Schedules& schedules, const Schedule& one, machines::InstanceId machine) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (;;) {
    const auto firings = schedules.firings(one, firings_shown);
    if (!firings) return machines::fail(firings.error());
    const auto at =
        std::find_if(firings->begin(), firings->end(), [&](const FiringView& view) { return view.machine == machine; });
    if (at == firings->end()) return FiringView{{}, machine, "due", "", "", "", 0};
    const bool has_ended = at->state != "due" && at->state != "running";
    if (has_ended || std::chrono::steady_clock::now() > until) return *at;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace

int list_schedules(const CommandContext& context) {
  ledger::Connection connection(context.dsn);
  Schedules schedules(connection);
  const auto all = schedules.all();
  if (!all) return failed(context, "schedule list", all.error());
  ordered_json json = ordered_json::array();
  if (!context.json && all->empty())
    print_text("no schedules; [[schedule]] in the configuration makes one, when the house is live\n");
  else if (!context.json)
    print_text("{:<16} {:<10} {:<10} {:<18} {:<25} {}\n", "name", "owner", "does", "cron", "next", "last");
  for (const Schedule& one : *all) {
    const auto firings = schedules.firings(one, 1);
    if (!firings) return failed(context, "schedule list", firings.error());
    if (context.json) {
      json.push_back(schedule_json(one, *firings, 1));
      continue;
    }
    const auto next = coming(one, 1);
    print_text("{:<16} {:<10} {:<10} {:<18} {:<25} {}\n", one.name, one.owner_name, one.does, one.cron,
               next.empty() ? (one.is_on ? "?" : "off") : utc(next.front()),
               firings->empty() ? "never yet" : firing_text(firings->front()));
  }
  if (context.json) std::cout << json.dump() << "\n";
  return 0;
}

int show_schedule(const CommandContext& context, const ScheduleArgs& order) {
  ledger::Connection connection(context.dsn);
  Schedules schedules(connection);
  int exit_code = 0;
  const auto one = find(context, schedules, order, "schedule show", exit_code);
  if (!one) return exit_code;
  const auto firings = schedules.firings(*one, firings_shown);
  if (!firings) return failed(context, "schedule show", firings.error());
  if (context.json)
    std::cout << schedule_json(*one, *firings, times_shown).dump() << "\n";
  else
    print_schedule(*one, *firings);
  return 0;
}

int run_schedule(const CommandContext& context, const ScheduleArgs& order) {
  if (order.why.empty())
    return wrong(context, "schedule run: --why is missing: whoever reads the history wants to know");
  ledger::Connection connection(context.dsn);
  Schedules schedules(connection);
  int exit_code = 0;
  const auto one = find(context, schedules, order, "schedule run", exit_code);
  if (!one) return exit_code;
  if (!context.house_may_run)
    return refused(context, "schedule run: the house is not running, and nobody would do it; `bursar up` starts it",
                   ErrorCode::not_running);
  const auto fired = schedules.fire(*one, wall_now(), who_asks(), order.why);
  if (!fired) return failed(context, "schedule run", fired.error());
  if (fired->machine.value == 0) return not_fired(context, one->name, fired->state);
  const auto firing = await(schedules, *one, fired->machine);
  if (!firing) return failed(context, "schedule run", firing.error());
  const bool is_done = firing->state != "failed" && firing->state != "skipped";
  if (!is_done)
    put_error(context, ErrorCode::unsound, fmt::format("schedule run: {} {}", firing->state, firing->outcome));
  if (context.json)
    std::cout << firing_json(*firing).dump() << "\n";
  else
    print_text("{}: firing {} is {}{}{}\n", one->name, firing->machine.value, firing->state,
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
