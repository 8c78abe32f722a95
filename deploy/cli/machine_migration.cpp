#include "deploy/cli/machine_migration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "deploy/terminal/asker.hpp"
#include "deploy/terminal/print.hpp"

namespace deploy {
namespace {

using ledger::Parameters;
using ledger::SqlStatement;
using machines::catalog::Catalog;
using machines::catalog::Version;
using nlohmann::ordered_json;

constexpr SqlStatement count_statement = {
    "migration_counts",
    "SELECT state, count(*) FROM ledger.instance WHERE kind = $1 AND machine_version = $2 AND NOT is_final AND "
    "($3::bigint = 0 OR id = $3::bigint) GROUP BY 1 ORDER BY 1",
    false};
constexpr SqlStatement slice_statement = {
    "migration_slice",
    "SELECT owner, id, state FROM ledger.instance WHERE kind = $1 AND machine_version = $2 AND NOT is_final AND "
    "($3::bigint = 0 OR id = $3::bigint) AND (owner, id) > ($4, $5) ORDER BY owner, id LIMIT 500",
    false};
constexpr SqlStatement migrate_statement = {"migrate_instance",
                                            "SELECT ledger.migrate_instance($1, $2, $3, $4, $5, $6, $7, $8)"};
constexpr SqlStatement record_statement = {"record_migration", "SELECT ledger.record_migration($1, $2)"};

std::string listed(std::vector<std::string_view> words) {
  std::sort(words.begin(), words.end());
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string versions_of(const Catalog& known, const std::string& word) {
  const auto* kind = machines::catalog::find(known, word);
  if (kind == nullptr) return "no such machine";
  std::string all;
  for (const Version& version : kind->versions) all += fmt::format("{}v{}", all.empty() ? "" : ", ", version.number);
  return all;
}

// Why this map can't be meant for what lives; empty when it can.
std::string objection(const Catalog& known, const MachineMigration& order, const schemas::config::StateMap& map,
                      const std::vector<MigrationCount>& counts) {
  if (order.from == order.to) return "--from and --to are the same version";
  for (const int version : {order.from, order.to})
    if (machines::catalog::find(known, order.kind, version) == nullptr)
      return fmt::format("this program does not know {} v{}; it knows {}", order.kind, version,
                         versions_of(known, order.kind));
  const Version& from = *machines::catalog::find(known, order.kind, order.from);
  const Version& to = *machines::catalog::find(known, order.kind, order.to);
  for (const auto& [old_state, new_state] : map) {
    if (!from.has_state(old_state))
      return fmt::format("the map names {}, which is no state of {} v{}: {}", old_state, order.kind, order.from,
                         listed(from.states));
    if (!to.has_state(new_state))
      return fmt::format("the map sends {} to {}, which is no state of {} v{}: {}", old_state, new_state, order.kind,
                         order.to, listed(to.states));
  }
  for (const MigrationCount& count : counts)
    if (!map.contains(count.from_state))
      return fmt::format("{} instances are {}, and the map does not say what that becomes", count.live,
                         count.from_state);
  return {};
}

class Mover {
 public:
  Mover(ledger::Connection& connection, const Version& to, const MachineMigration& order,
        const schemas::config::StateMap& map)
      : connection_(connection), to_(to), order_(order), map_(map) {}

  // Every live instance once, by key. Those that a worker holds are counted, for the caller to come again.
  ledger::Stored<bool> pass(Migrated& made) {
    made.in_flight = made.moved_on = 0;
    std::int64_t owner = 0, id = 0;
    while (true) {
      const auto rows = connection_.call(slice_statement, key().add(owner).add(id));
      if (!rows) return machines::fail(rows.error());
      if (rows->empty()) return true;
      for (int row = 0; row < rows->size(); ++row) {
        owner = rows->number(row, 0);
        id = rows->number(row, 1);
        const auto moved = move(owner, id, std::string(rows->text(row, 2)), made);
        if (!moved) return moved;
      }
    }
  }

  // By owner, how many.
  [[nodiscard]] const std::map<std::int64_t, std::int64_t>& moved() const { return moved_; }
  Parameters key() { return Parameters().add(order_.kind).add(std::int64_t{order_.from}).add(order_.instance); }

 private:
  ledger::Stored<bool> move(std::int64_t owner, std::int64_t id, const std::string& state, Migrated& made) {
    const auto target = map_.find(state);
    if (target == map_.end()) {  // it came to a state that nobody was in when we looked
      ++made.moved_on;
      return true;
    }
    const auto rows = connection_.call(migrate_statement, Parameters()
                                                              .add(owner)
                                                              .add(id)
                                                              .add(order_.kind)
                                                              .add(std::int64_t{order_.from})
                                                              .add(std::int64_t{order_.to})
                                                              .add(state)
                                                              .add(target->second)
                                                              .add_bool(to_.is_final(target->second)));
    if (!rows) return machines::fail(rows.error());
    const auto said = rows->text(0, 0);
    if (said == "in_flight") ++made.in_flight;
    if (said == "moved_on") ++made.moved_on;
    if (!said.empty()) return true;
    ++moved_[owner];
    for (MigrationCount& count : made.counts)
      if (count.from_state == state) ++count.moved;
    return true;
  }

  ledger::Connection& connection_;
  const Version& to_;
  const MachineMigration& order_;
  const schemas::config::StateMap& map_;
  std::map<std::int64_t, std::int64_t> moved_;
};

}  // namespace

ledger::Stored<Migrated> migrate_machines(ledger::Connection& connection, const Catalog& known,
                                          const MachineMigration& order, const schemas::config::StateMap& map,
                                          const std::string& who) {
  const auto rows =
      connection.call(count_statement, Parameters().add(order.kind).add(std::int64_t{order.from}).add(order.instance));
  if (!rows) return machines::fail(rows.error());
  Migrated made;
  for (int row = 0; row < rows->size(); ++row) {
    const std::string state(rows->text(row, 0));
    const auto target = map.find(state);
    made.counts.push_back({state, target == map.end() ? "" : target->second, rows->number(row, 1), 0});
  }
  made.refusal = objection(known, order, map, made.counts);
  if (!made.refusal.empty() || order.dry_run) return made;
  Mover mover(connection, *machines::catalog::find(known, order.kind, order.to), order, map);
  constexpr int most_passes = 10;  // what a worker holds now it has given back soon
  for (int pass = 0; pass < most_passes; ++pass) {
    if (const auto done = mover.pass(made); !done) return machines::fail(done.error());
    if (made.in_flight == 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  for (const auto& [owner, count] : mover.moved()) {
    const std::string data =
        ordered_json{{"what", "migrate"}, {"kind", order.kind}, {"from", order.from}, {"to", order.to},
                     {"states", map},     {"count", count},     {"who", who},         {"why", order.why}}
            .dump();
    const auto recorded = connection.call(record_statement, Parameters().add(owner).add(data));
    if (!recorded) return machines::fail(recorded.error());
  }
  return made;
}

int migrate_machines(const CommandContext& context, const MachineMigration& order) {
  if (order.why.empty() && !order.dry_run)
    return wrong(context, "machine migrate: --why is missing: whoever reads the history wants to know");
  const auto map = schemas::config::load_state_map(order.map_file);
  if (!map) return wrong(context, map.error().text(), ErrorCode::config);
  ledger::Connection connection(context.dsn);
  const auto made = migrate_machines(connection, machines::catalog::kinds(), order, *map, who_asks());
  if (!made) return failed(context, "machine migrate", made.error());
  if (!made->refusal.empty())
    return refused(context, fmt::format("machine migrate: {}; nothing was changed", made->refusal));
  const bool is_whole = made->in_flight + made->moved_on == 0;
  const std::string left =
      fmt::format("{} are in flight and {} have changed meanwhile: order it again", made->in_flight, made->moved_on);
  if (!is_whole) put_error(context, ErrorCode::changed, "machine migrate: " + left);
  ordered_json json = {{"dry_run", order.dry_run},
                       {"in_flight", made->in_flight},
                       {"moved_on", made->moved_on},
                       {"states", ordered_json::array()}};
  for (const MigrationCount& count : made->counts) {
    json["states"].push_back(
        {{"from", count.from_state}, {"to", count.to_state}, {"live", count.live}, {"moved", count.moved}});
    if (!context.json)
      print_text("{:<13} -> {:<13} {:>8} live, {:>8} {}\n", count.from_state, count.to_state, count.live,
                 order.dry_run ? count.live : count.moved, order.dry_run ? "would be moved" : "moved");
  }
  if (context.json) std::cout << json.dump() << "\n";
  if (!context.json && made->counts.empty()) print_text("no live instance of {} v{}\n", order.kind, order.from);
  if (!is_whole) print_text(stderr, "{}\n", left);
  return is_whole ? 0 : 1;
}

}  // namespace deploy
