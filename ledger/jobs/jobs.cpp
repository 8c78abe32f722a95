#include "ledger/jobs/jobs.hpp"

#include "ledger/jobs/rows.hpp"

namespace ledger::jobs {
namespace {

using machines::LeasedJob;

constexpr SqlStatement own_shards_statement = {"own_shards", "SELECT ledger.own_shards($1)"};
constexpr SqlStatement live_shards_statement = {"live_shards", "SELECT DISTINCT shard FROM ledger.owner ORDER BY 1",
                                                false};
// A claim that was lost on the way is found again among the leased rows: no doubt, just unavailable.
constexpr SqlStatement claim_statement = {"claim", "SELECT * FROM ledger.take($1, $2, $3, $4)", false};
constexpr SqlStatement due_statement = {"due", "SELECT * FROM ledger.due($1, $2)", false};
constexpr SqlStatement next_unheld_statement = {"next_unheld", "SELECT ledger.next_unheld($1)", false};
constexpr SqlStatement world_come_statement = {
    "world_come", "SELECT CASE WHEN max(played_to) > 0 THEN ledger.world_now() ELSE 0 END FROM ledger.feed", false};
constexpr SqlStatement leased_statement = {"leased", "SELECT * FROM ledger.leased($1)", false};
constexpr SqlStatement give_back_statement = {"give_back",
                                              "SELECT ledger.give_back($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};
constexpr SqlStatement submit_statement = {"submit_event", "SELECT ledger.submit_event($1, $2, $3, $4)"};
constexpr SqlStatement counts_statement = {"job_counts", "SELECT * FROM ledger.job_counts($1)", false};

ArrayText numbers(std::span<const int> values) {
  ArrayText array;
  for (const int value : values) array.add(value);
  return array;
}

LeasedJob leased_at(const Rows& rows, int row) {
  LeasedJob job;
  job.key = {{static_cast<std::int32_t>(rows.number(row, 0))},
             {rows.number(row, 1)},
             rows.number(row, 2),
             static_cast<std::int32_t>(rows.number(row, 3))};
  job.shard = static_cast<int>(rows.number(row, 4));
  job.epoch = rows.number(row, 5);
  job.kind = rows.text(row, 6);
  job.command = rows.text(row, 7);
  job.is_event = rows.flag(row, 8);
  job.world_at = {rows.number(row, 9)};
  job.attempt = static_cast<int>(rows.number(row, 10));
  job.tries = static_cast<int>(rows.number(row, 11));
  const auto token = token_of(rows.text(row, 12));
  CHECK(token.has_value());
  job.token = *token;
  return job;
}

}  // namespace

Stored<std::vector<LeasedJob>> leased_of(const Stored<Rows>& rows, bool with_machine_version) {
  if (!rows) return machines::fail(rows.error());
  std::vector<LeasedJob> jobs;
  jobs.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) {
    jobs.push_back(leased_at(*rows, row));
    if (with_machine_version) jobs.back().machine_version = static_cast<int>(rows->number(row, 13));
  }
  return jobs;
}

Stored<std::int64_t> Jobs::own_shards(const std::string& broker) {
  const auto rows = connection_.call(own_shards_statement, Parameters().add(broker));
  if (!rows) return machines::fail(rows.error());
  return rows->number(0, 0);
}

Stored<std::vector<int>> Jobs::live_shards() {
  const auto rows = connection_.call(live_shards_statement);
  if (!rows) return machines::fail(rows.error());
  std::vector<int> shards;
  shards.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) shards.push_back(static_cast<int>(rows->number(row, 0)));
  return shards;
}

Stored<std::vector<LeasedJob>> Jobs::claim(std::span<const int> shards, machines::Instant world_now, int limit,
                                           const std::string& broker) {
  auto array = numbers(shards);
  return leased_of(
      connection_.call(claim_statement,
                       Parameters().add(array).add(world_now.us).add(static_cast<std::int64_t>(limit)).add(broker)),
      true);
}

Stored<Due> Jobs::due(std::span<const int> shards, machines::Instant world_at) {
  auto array = numbers(shards);
  const auto rows = connection_.call(due_statement, Parameters().add(array).add(world_at.us));
  if (!rows) return machines::fail(rows.error());
  Due due;
  due.next_due = {rows->number(0, 0)};
  if (!rows->is_null(0, 1)) {
    due.parked = machines::JobKey{{static_cast<std::int32_t>(rows->number(0, 1))},
                                  {rows->number(0, 2)},
                                  rows->number(0, 3),
                                  static_cast<std::int32_t>(rows->number(0, 4))};
    due.parked_reason = rows->text(0, 5);
  }
  due.next_run_us = rows->number(0, 6);
  return due;
}

Stored<std::vector<LeasedJob>> Jobs::leased(std::span<const int> shards) {
  auto array = numbers(shards);
  return leased_of(connection_.call(leased_statement, Parameters().add(array)));
}

Stored<int> Jobs::give_back(std::span<const Failure> failures) {
  ArrayText owner, instance, version, ordinal, token, reason, delay, park, counts, error_class;
  for (const Failure& failure : failures) {
    owner.add(failure.key.owner.value);
    instance.add(failure.key.instance.value);
    version.add(failure.key.version);
    ordinal.add(failure.key.ordinal);
    token.add_token(failure.token);
    reason.add_text(failure.reason);
    delay.add(failure.delay_ms);
    park.add_bool(failure.park);
    counts.add_bool(failure.counts_as_try);
    error_class.add_text(failure.error_class);
  }
  const auto rows = connection_.call(give_back_statement, Parameters()
                                                              .add(owner)
                                                              .add(instance)
                                                              .add(version)
                                                              .add(ordinal)
                                                              .add(token)
                                                              .add(reason)
                                                              .add(delay)
                                                              .add(park)
                                                              .add(counts)
                                                              .add(error_class));
  if (!rows) return machines::fail(rows.error());
  return static_cast<int>(rows->number(0, 0));
}

Stored<machines::Instant> Jobs::next_unheld(std::span<const int> shards) {
  auto array = numbers(shards);
  const auto rows = connection_.call(next_unheld_statement, Parameters().add(array));
  if (!rows) return machines::fail(rows.error());
  return machines::Instant{rows->number(0, 0)};
}

Stored<machines::Instant> Jobs::world_come() {
  const auto rows = connection_.call(world_come_statement);
  if (!rows) return machines::fail(rows.error());
  return machines::Instant{rows->number(0, 0)};
}

Stored<bool> Jobs::submit_event(machines::OwnerId owner, machines::InstanceId instance, const std::string& event,
                                machines::Instant world_at) {
  const auto rows = connection_.call(
      submit_statement,
      Parameters().add(static_cast<std::int64_t>(owner.value)).add(instance.value).add(event).add(world_at.us));
  if (!rows) return machines::fail(rows.error());
  return rows->flag(0, 0);
}

Stored<Counts> Jobs::counts(machines::Instant world_now) {
  const auto rows = connection_.call(counts_statement, Parameters().add(world_now.us));
  if (!rows) return machines::fail(rows.error());
  return Counts{rows->number(0, 0), rows->number(0, 1), rows->number(0, 2),
                rows->number(0, 3), rows->number(0, 4), rows->number(0, 5)};
}

}  // namespace ledger::jobs
