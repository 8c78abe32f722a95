#include "brokers/schedule/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "brokers/schedule/cron.hpp"
#include "ledger/env/times.hpp"
#include "ledger/market/feed.hpp"
#include "machines/core/names.hpp"

namespace brokers::schedule {

using ledger::env::utc;
using ledger::env::wall_now;

namespace {

using ledger::jobs::Schedule;
using ledger::jobs::Schedules;
using machines::Instant;

constexpr std::int64_t patience_us = 300'000'000;  // then it is overdue

// Nothing where this system can't read what another one declared.
std::optional<Cron> cron_of(const Schedule& schedule) {
  const auto cron = Cron::parse(schedule.cron);
  if (!cron || !is_zone(schedule.zone)) return std::nullopt;
  return *cron;
}

// One schedule's due times, oldest first; how many were fired.
ledger::Stored<int> fire_one(Schedules& schedules, Schedule one, Instant now) {
  const auto cron = cron_of(one);
  const auto next = cron ? next_time(*cron, one.zone, one.last) : std::nullopt;
  if (!next || *next > now) return 0;
  const auto rule = machines::from_name<CatchUp>(one.catch_up).value_or(CatchUp::last);
  int count = 0;
  for (const Instant at : due_times(*cron, one.zone, rule, one.last, now)) {
    const auto fired = schedules.fire(one, at);
    if (!fired) return machines::fail(fired.error());
    if (fired->machine.value == 0) return count;  // somebody else did, or a replay goes on: look again later
    one.last = at;
    ++count;
  }
  if (count > 0) return count;
  const auto passed = schedules.pass(one, now);
  if (!passed) return machines::fail(passed.error());
  return 0;
}

}  // namespace

std::vector<schemas::config::Problem> check_schedules(const schemas::config::Config& config) {
  std::vector<schemas::config::Problem> problems;
  const auto add = [&](std::string field, std::string what, std::string hint) {
    problems.push_back({std::move(field), std::move(what), std::move(hint), "", 0, 0});
  };
  for (std::size_t i = 0; i < config.schedules.size(); ++i) {
    const auto& one = config.schedules[i];
    if (const auto cron = Cron::parse(one.cron); !cron)
      add(fmt::format("schedule[{}].cron", i), cron.error(), "for instance \"30 8 * * mon-fri\"");
    if (!is_zone(one.zone))
      add(fmt::format("schedule[{}].zone", i), fmt::format("is \"{}\", which this system does not know", one.zone),
          "write a name of the IANA list, for instance Europe/Berlin or UTC");
  }
  return problems;
}

std::vector<Schedule> schedules_of(const schemas::config::Config& config) {
  std::vector<Schedule> schedules;
  for (const auto& from : config.schedules) {
    Schedule one;
    one.owner_name = from.owner;
    one.name = from.name;
    one.does = from.does;
    one.cron = from.cron;
    one.zone = from.zone;
    one.overlap = from.overlap;
    one.catch_up = from.catch_up;
    schedules.push_back(std::move(one));
  }
  return schedules;
}

ledger::Stored<int> fire_due(Schedules& schedules, Instant now) {
  const auto all = schedules.all();
  if (!all) return machines::fail(all.error());
  int count = 0;
  for (const Schedule& one : *all) {
    if (!one.is_on) continue;
    const auto fired = fire_one(schedules, one, now);
    if (!fired) return machines::fail(fired.error());
    count += *fired;
  }
  return count;
}

std::vector<std::string> overdue(const std::vector<Schedule>& schedules, Instant now) {
  std::vector<std::string> found;
  const Instant latest{now.us - patience_us};
  for (const Schedule& one : schedules) {
    if (one.open > 0 && one.oldest < latest)
      found.push_back(fmt::format("{} of {} has not ended", one.name, utc(one.oldest)));
    if (!one.is_on) continue;
    const auto cron = cron_of(one);
    if (!cron) {
      found.push_back(fmt::format("{} can't be read by this system", one.name));
    } else if (const auto next = next_time(*cron, one.zone, one.last); next && *next < latest) {
      found.push_back(fmt::format("{} was due at {} and has not fired", one.name, utc(*next)));
    }
  }
  return found;
}

ledger::Stored<std::vector<std::string>> overdue_now(ledger::Connection& connection) {
  const auto feeds = ledger::market::read_cursor(connection);
  if (!feeds) return machines::fail(feeds.error());
  const auto all = Schedules(connection).all();
  if (!all) return machines::fail(all.error());
  const bool is_live = std::all_of(feeds->begin(), feeds->end(), [](const auto& feed) { return feed.finished; });
  return is_live ? overdue(*all, wall_now()) : std::vector<std::string>{};
}

FiringHand::FiringHand(ledger::Connection& connection, std::map<std::string, Perform> knows)
    : schedules_(connection), knows_(std::move(knows)) {
  for (const auto& entry : knows_) mine_.push_back(entry.first);
  startable_ = mine_;
  startable_.emplace_back("review");
}

ledger::Stored<bool> FiringHand::end_last() {
  if (!ended_) return true;
  const auto stands = schedules_.end(ended_->firing, ended_->done, ended_->outcome);
  if (stands) ended_.reset();
  return stands;
}

ledger::Stored<bool> FiringHand::step() {
  auto made = step_once();
  // What the database did not answer may have been done: whatever runs now, nobody performs.
  if (!made) has_begun_ = false;
  return made;
}

ledger::Stored<bool> FiringHand::step_once() {
  if (const auto ended = end_last(); !ended) return machines::fail(ended.error());
  if (!has_begun_) {
    const auto lost = schedules_.lose(mine_);
    if (!lost) return machines::fail(lost.error());
    has_begun_ = true;
  }
  const auto settled = schedules_.settle_review();
  if (!settled) return machines::fail(settled.error());
  const auto firing = schedules_.take(startable_);
  if (!firing) return machines::fail(firing.error());
  if (firing->machine.value == 0) return *settled;
  if (firing->does == "review") return true;
  const auto made = knows_.at(firing->does)();
  ended_ = Ended{*firing, made.has_value(), made ? *made : made.error()};
  if (const auto ended = end_last(); !ended) return machines::fail(ended.error());
  return true;
}

}  // namespace brokers::schedule
