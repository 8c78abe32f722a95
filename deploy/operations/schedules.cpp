#include "deploy/operations/schedules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "brokers/schedule/cron.hpp"
#include "brokers/schedule/scheduler.hpp"
#include "ledger/env/times.hpp"

namespace deploy::operations {

using ledger::env::wall_now;

namespace {

using ledger::jobs::Schedules;
using machines::Instant;

constexpr int times_shown = 5, firings_shown = 10;

// The first ones after now; none where this system can't read it, or the configuration names it no more.
std::vector<Instant> coming(const Schedule& one, int count) {
  const auto cron = brokers::schedule::Cron::parse(one.cron);
  if (!cron || !brokers::schedule::is_zone(one.zone) || !one.is_on) return {};
  return next_times(*cron, one.zone, wall_now(), count);
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

Outcome<ScheduleStatus> status_of(const LedgerPlace& place, Schedules& schedules, const Schedule& one, int times,
                                  int firings) {
  auto fired = schedules.firings(one, firings);
  if (!fired) return store_failure(place, fired.error());
  return ScheduleStatus{one, std::move(*fired), coming(one, times), brokers::schedule::overdue({one}, wall_now())};
}

Outcome<Schedule> find(const LedgerPlace& place, Schedules& schedules, const ScheduleArgs& args) {
  const auto all = schedules.all();
  if (!all) return store_failure(place, all.error());
  std::string known;
  for (const Schedule& one : *all) {
    if (one.owner_name == args.owner && one.name == args.name) return one;
    if (one.owner_name == args.owner) known += (known.empty() ? "" : ", ") + one.name;
  }
  return refuse(
      ErrorCode::not_found, fmt::format("{} has no schedule `{}`", args.owner, args.name),
      known.empty() ? "[[schedule]] in the configuration makes one, when the house is live" : "there are: " + known);
}

std::string why_not_fired(const std::string& state) {
  if (state == "unknown") return "the configuration names it no more";
  if (state == "replaying") return "a replay goes on; schedules fire when the house is live, after its end";
  return "it has just fired";
}

}  // namespace

Outcome<std::vector<ScheduleStatus>> schedules(const LedgerPlace& place) {
  ledger::Connection connection(place.dsn);
  Schedules schedules(connection);
  const auto all = schedules.all();
  if (!all) return store_failure(place, all.error());
  std::vector<ScheduleStatus> made;
  for (const Schedule& one : *all) {
    auto status = status_of(place, schedules, one, 1, 1);
    if (!status) return machines::fail(status.error());
    made.push_back(std::move(*status));
  }
  return made;
}

Outcome<ScheduleStatus> schedule(const LedgerPlace& place, const ScheduleArgs& args) {
  ledger::Connection connection(place.dsn);
  Schedules schedules(connection);
  const auto one = find(place, schedules, args);
  if (!one) return machines::fail(one.error());
  return status_of(place, schedules, *one, times_shown, firings_shown);
}

Outcome<FiringView> run_schedule(const LedgerPlace& place, const Asker& who, const ScheduleArgs& args) {
  if (args.why.empty()) return no_reason_given();
  ledger::Connection connection(place.dsn);
  Schedules schedules(connection);
  const auto one = find(place, schedules, args);
  if (!one) return machines::fail(one.error());
  if (!place.house_may_run)
    return refuse(ErrorCode::not_running, "the house is not running, and nobody would do it", "`bursar up` starts it");
  const auto fired = schedules.fire(*one, wall_now(), who.name, args.why);
  if (!fired) return store_failure(place, fired.error());
  if (fired->machine.value == 0)
    return refuse(ErrorCode::refused, fmt::format("{} was not fired: {}", one->name, why_not_fired(fired->state)));
  auto firing = await(schedules, *one, fired->machine);
  if (!firing) return store_failure(place, firing.error());
  return std::move(*firing);
}

}  // namespace deploy::operations
