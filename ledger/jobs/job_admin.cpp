#include "ledger/jobs/job_admin.hpp"

#include "machines/core/check.hpp"
#include "machines/core/job.hpp"
#include "machines/core/names.hpp"

namespace ledger::jobs {

using machines::GiveUpCode;

namespace {

constexpr SqlStatement list_statement = {
    "job_list",
    "SELECT * FROM ledger.jobs_seen($1, $2, $3, $4, $5, $6, $7, $8) ORDER BY owner, instance, version, ordinal "
    "LIMIT $9",
    false};
// Apart from the other: with a condition on the class PostgreSQL reads all jobs before it gives the first.
constexpr SqlStatement list_of_class_statement = {
    "job_list_of_class",
    "SELECT * FROM ledger.jobs_seen($1, $2, $3, $4, $5, $6, $7, $8) WHERE error_class = $9 AND reason <> '' "
    "ORDER BY owner, instance, version, ordinal LIMIT $10",
    false};
constexpr SqlStatement groups_statement = {
    "job_groups",
    "SELECT kind, command, state, reason, count(*) FROM ledger.jobs_seen($1, $2, $3, $4, $5, $6, $7, $8) "
    "WHERE $9 = '' OR (error_class = $9 AND reason <> '') GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4",
    false};
constexpr SqlStatement untaken_statement = {
    "job_untaken",
    "SELECT x.kind, x.command, count(*), max(x.age_ms) / 1000, min(x.world_at), "
    "coalesce((max(x.said))[1], ''), coalesce((max(x.said))[2], '') FROM ("
    " SELECT j.kind, j.command, j.world_at,"
    "        CASE WHEN j.last_error IS NOT NULL THEN ARRAY[j.last_error, coalesce(j.error_class, '')] END AS said,"
    "        least(extract(epoch FROM clock_timestamp() -"
    "                greatest(CASE WHEN j.ordinal < 1000 THEN t.wall_at END,"
    "                         CASE WHEN j.run_at <= clock_timestamp() THEN nullif(j.run_at, '-infinity') END)) * 1000,"
    "              CASE WHEN j.world_at > w.world THEN $2::bigint END)::bigint AS age_ms"
    "   FROM (SELECT ledger.world_now() AS world) AS w CROSS JOIN ledger.job j"
    "   LEFT JOIN ledger.transition t ON t.owner = j.owner AND t.instance = j.instance AND t.version = j.version"
    "  WHERE j.token IS NULL AND j.parked IS NULL AND j.shard >= 0 AND j.world_at <= greatest($1::bigint, w.world)"
    "    AND (j.run_at <= clock_timestamp() OR (j.last_error IS NOT NULL AND j.error_class = ANY ($4)))) AS x"
    " WHERE x.age_ms >= $3::bigint * 1000 GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
    false};
constexpr SqlStatement find_statement = {
    "job_find",
    "SELECT * FROM ledger.jobs_seen($1, '', '', '', '', $3, '', 0) WHERE owner = $2 AND version = $4 AND ordinal = $5",
    false};
constexpr SqlStatement intervene_statement = {
    "intervene", "SELECT changed, machine FROM ledger.intervene($1, $2, $3, $4, $5, $6, $7)"};
constexpr SqlStatement cancel_statement = {"cancel_job", "SELECT ledger.cancel_job($1, $2, $3, $4, $5, $6, $7, $8)"};
constexpr SqlStatement free_statement = {"free_held", "SELECT ledger.free_held(10000)"};

JobView view_at(const Rows& rows, int row) {
  const auto text = [&](int column) { return std::string(rows.text(row, column)); };
  const auto small = [&](int column) { return static_cast<int>(rows.number(row, column)); };
  JobView view;
  view.key = {{small(0)}, {rows.number(row, 2)}, rows.number(row, 3), small(4)};
  view.owner = text(1);
  view.kind = text(5);
  view.command = text(6);
  view.is_event = rows.flag(row, 7);
  view.state = text(8);
  view.world_at = {rows.number(row, 9)};
  view.attempt = small(10);
  view.tries = small(11);
  view.reason = text(12);
  view.error_class = text(13);
  view.wait_ms = rows.number(row, 14);
  view.age_s = rows.number(row, 15);
  view.broker = text(16);
  view.instance_state = text(17);
  view.data = text(18);
  view.machine_version = small(19);
  return view;
}

Stored<std::vector<JobView>> views_of(const Stored<Rows>& rows) {
  if (!rows) return machines::fail(rows.error());
  std::vector<JobView> views;
  views.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) views.push_back(view_at(*rows, row));
  return views;
}

// The words of what a job can wait for.
ArrayText waits() {
  ArrayText words;
  for (std::size_t i = 0; i < machines::count_of<GiveUpCode>; ++i)
    if (const auto code = static_cast<GiveUpCode>(i); is_wait(code))
      words.add_text(std::string(machines::name_of(code)));
  return words;
}

Parameters parameters_of(const Filter& filter, machines::Instant world_now) {
  return Parameters()
      .add(world_now.us)
      .add(filter.state)
      .add(filter.kind)
      .add(filter.command)
      .add(filter.owner)
      .add(filter.instance)
      .add(filter.reason)
      .add(filter.older_than_s);
}

}  // namespace

Stored<std::vector<JobView>> JobAdmin::list(const Filter& filter, machines::Instant world_now, std::int64_t limit) {
  Parameters parameters = parameters_of(filter, world_now);
  if (filter.error_class.empty()) return views_of(connection_.call(list_statement, parameters.add(limit)));
  return views_of(connection_.call(list_of_class_statement, parameters.add(filter.error_class).add(limit)));
}

Stored<std::vector<JobView>> JobAdmin::find(const machines::JobKey& key, machines::Instant world_now) {
  return views_of(connection_.call(find_statement, Parameters()
                                                       .add(world_now.us)
                                                       .add(std::int64_t{key.owner.value})
                                                       .add(key.instance.value)
                                                       .add(key.version)
                                                       .add(std::int64_t{key.ordinal})));
}

Stored<std::vector<JobGroup>> JobAdmin::groups(const Filter& filter, machines::Instant world_now) {
  const auto rows = connection_.call(groups_statement, parameters_of(filter, world_now).add(filter.error_class));
  if (!rows) return machines::fail(rows.error());
  std::vector<JobGroup> groups;
  groups.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    groups.push_back({std::string(rows->text(row, 0)), std::string(rows->text(row, 1)), std::string(rows->text(row, 2)),
                      std::string(rows->text(row, 3)), rows->number(row, 4)});
  return groups;
}

Stored<std::vector<Untaken>> JobAdmin::untaken(machines::Instant come, std::int64_t come_ms,
                                               std::int64_t longer_than_s) {
  ArrayText words = waits();
  const auto rows =
      connection_.call(untaken_statement, Parameters().add(come.us).add(come_ms).add(longer_than_s).add(words));
  if (!rows) return machines::fail(rows.error());
  std::vector<Untaken> found;
  found.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    found.push_back({std::string(rows->text(row, 0)),
                     std::string(rows->text(row, 1)),
                     rows->number(row, 2),
                     rows->number(row, 3),
                     {rows->number(row, 4)},
                     std::string(rows->text(row, 5)),
                     std::string(rows->text(row, 6))});
  return found;
}

Stored<Intervention> JobAdmin::intervene(const char* what, std::span<const machines::JobKey> keys,
                                         const std::string& who, const std::string& why) {
  if (keys.empty()) return Intervention{};
  ArrayText instance, version, ordinal;
  for (const machines::JobKey& key : keys) {
    CHECK(key.owner == keys.front().owner);
    instance.add(key.instance.value);
    version.add(key.version);
    ordinal.add(key.ordinal);
  }
  const auto rows = connection_.call(intervene_statement, Parameters()
                                                              .add(std::int64_t{keys.front().owner.value})
                                                              .add(what)
                                                              .add(instance)
                                                              .add(version)
                                                              .add(ordinal)
                                                              .add(who)
                                                              .add(why));
  if (!rows) return machines::fail(rows.error());
  return Intervention{rows->number(0, 0), {rows->number(0, 1)}};
}

Stored<std::string> JobAdmin::cancel(const machines::JobKey& key, const std::string& state, const std::string& event,
                                     const std::string& who, const std::string& why) {
  const auto rows = connection_.call(cancel_statement, Parameters()
                                                           .add(std::int64_t{key.owner.value})
                                                           .add(key.instance.value)
                                                           .add(key.version)
                                                           .add(std::int64_t{key.ordinal})
                                                           .add(state)
                                                           .add(event)
                                                           .add(who)
                                                           .add(why));
  if (!rows) return machines::fail(rows.error());
  return std::string(rows->text(0, 0));
}

Stored<std::int64_t> JobAdmin::free_held() {
  const auto rows = connection_.call(free_statement);
  if (!rows) return machines::fail(rows.error());
  return rows->number(0, 0);
}

}  // namespace ledger::jobs
