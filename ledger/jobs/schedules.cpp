#include "ledger/jobs/schedules.hpp"

#include <array>

namespace ledger::jobs {
namespace {

using machines::Instant;

constexpr SqlStatement declare_statement = {"declare_schedules",
                                            "SELECT ledger.declare_schedules($1, $2, $3, $4, $5, $6, $7, $8)"};
constexpr SqlStatement all_statement = {
    "schedules",
    "SELECT s.owner, o.name, s.name, s.does, s.cron, s.zone, s.overlap, s.catch_up, s.is_on, s.last_at, l.open, "
    "l.oldest "
    "FROM ledger.schedule s JOIN ledger.owner o ON o.id = s.owner CROSS JOIN LATERAL (SELECT count(*) AS open, "
    "coalesce(min(f.at), 0) AS oldest FROM ledger.live_firing f WHERE f.owner = s.owner AND f.schedule = s.name) AS l "
    "ORDER BY o.name, s.name",
    false};
constexpr SqlStatement firings_statement = {"firings_seen", "SELECT * FROM ledger.firings_seen($1, $2, $3)", false};
constexpr SqlStatement fire_statement = {"fire", "SELECT machine, state FROM ledger.fire($1, $2, $3, $4, $5, $6)"};
constexpr SqlStatement pass_statement = {"pass_schedule", "SELECT ledger.pass_schedule($1, $2, $3, $4)"};
constexpr SqlStatement take_statement = {"take_firing",
                                         "SELECT owner, machine, schedule, does, at FROM ledger.take_firing($1)"};
constexpr SqlStatement end_statement = {"end_firing", "SELECT ledger.end_firing($1, $2, $3, $4)"};
constexpr SqlStatement lose_statement = {"lose_firings", "SELECT ledger.lose_firings($1)"};
constexpr SqlStatement settle_statement = {"settle_review", "SELECT ledger.settle_review()"};

Parameters of(const std::vector<std::string>& does) {
  ArrayText words;
  for (const std::string& word : does) words.add_text(word);
  return Parameters().add(words);
}

Schedule schedule_at(const Rows& rows, int row) {
  const auto text = [&](int column) { return std::string(rows.text(row, column)); };
  Schedule one;
  one.owner = {static_cast<std::int32_t>(rows.number(row, 0))};
  one.owner_name = text(1);
  one.name = text(2);
  one.does = text(3);
  one.cron = text(4);
  one.zone = text(5);
  one.overlap = text(6);
  one.catch_up = text(7);
  one.is_on = rows.flag(row, 8);
  one.last = {rows.number(row, 9)};
  one.open = rows.number(row, 10);
  one.oldest = {rows.number(row, 11)};
  return one;
}

}  // namespace

Stored<std::string> Schedules::declare(const std::vector<Schedule>& schedules, Instant now) {
  constexpr std::array columns = {&Schedule::owner_name, &Schedule::name,    &Schedule::does,    &Schedule::cron,
                                  &Schedule::zone,       &Schedule::overlap, &Schedule::catch_up};
  Parameters parameters;
  parameters.add(now.us);
  for (const auto column : columns) {
    ArrayText words;
    for (const Schedule& one : schedules) words.add_text(one.*column);
    parameters.add(words);
  }
  const auto rows = connection_.call(declare_statement, parameters);
  if (!rows) return machines::fail(rows.error());
  return std::string(rows->text(0, 0));
}

Stored<std::vector<Schedule>> Schedules::all() {
  const auto rows = connection_.call(all_statement);
  if (!rows) return machines::fail(rows.error());
  std::vector<Schedule> schedules;
  schedules.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) schedules.push_back(schedule_at(*rows, row));
  return schedules;
}

Stored<std::vector<FiringView>> Schedules::firings(const Schedule& schedule, std::int64_t limit) {
  const auto rows = connection_.call(
      firings_statement, Parameters().add(std::int64_t{schedule.owner.value}).add(schedule.name).add(limit));
  if (!rows) return machines::fail(rows.error());
  std::vector<FiringView> views;
  for (int row = 0; row < rows->size(); ++row) {
    const auto text = [&](int column) { return std::string(rows->text(row, column)); };
    views.push_back(
        {{rows->number(row, 0)}, {rows->number(row, 1)}, text(2), text(3), text(4), text(5), rows->number(row, 6)});
  }
  return views;
}

Stored<Fired> Schedules::fire(const Schedule& schedule, Instant at) {
  return fire(schedule, schedule.last.us, at, "the clock", "");
}

Stored<Fired> Schedules::fire(const Schedule& schedule, Instant at, const std::string& who, const std::string& why) {
  return fire(schedule, -1, at, who, why);
}

Stored<Fired> Schedules::fire(const Schedule& schedule, std::int64_t last, Instant at, const std::string& who,
                              const std::string& why) {
  const auto rows = connection_.call(
      fire_statement,
      Parameters().add(std::int64_t{schedule.owner.value}).add(schedule.name).add(last).add(at.us).add(who).add(why));
  if (!rows) return machines::fail(rows.error());
  return Fired{{rows->number(0, 0)}, std::string(rows->text(0, 1))};
}

Stored<bool> Schedules::pass(const Schedule& schedule, Instant now) {
  const auto rows = connection_.call(
      pass_statement,
      Parameters().add(std::int64_t{schedule.owner.value}).add(schedule.name).add(schedule.last.us).add(now.us));
  if (!rows) return machines::fail(rows.error());
  return rows->flag(0, 0);
}

Stored<Firing> Schedules::take(const std::vector<std::string>& does) {
  const auto rows = connection_.call(take_statement, of(does));
  if (!rows) return machines::fail(rows.error());
  if (rows->number(0, 1) == 0) return Firing{};
  return Firing{{static_cast<std::int32_t>(rows->number(0, 0))},
                {rows->number(0, 1)},
                std::string(rows->text(0, 2)),
                std::string(rows->text(0, 3)),
                {rows->number(0, 4)}};
}

Stored<bool> Schedules::end(const Firing& firing, bool done, const std::string& outcome) {
  const auto rows = connection_.call(
      end_statement,
      Parameters().add(std::int64_t{firing.owner.value}).add(firing.machine.value).add_bool(done).add(outcome));
  if (!rows) return machines::fail(rows.error());
  return rows->flag(0, 0);
}

Stored<std::int64_t> Schedules::lose(const std::vector<std::string>& does) {
  const auto rows = connection_.call(lose_statement, of(does));
  if (!rows) return machines::fail(rows.error());
  return rows->number(0, 0);
}

Stored<bool> Schedules::settle_review() {
  const auto rows = connection_.call(settle_statement);
  if (!rows) return machines::fail(rows.error());
  return rows->flag(0, 0);
}

}  // namespace ledger::jobs
