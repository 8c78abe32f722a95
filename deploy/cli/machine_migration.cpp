#include "deploy/cli/machine_migration.hpp"

#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "deploy/terminal/asker.hpp"
#include "deploy/terminal/print.hpp"
#include "machines/allocation/allocation.hpp"
#include "machines/control/control.hpp"
#include "machines/firing/firing.hpp"
#include "machines/intervention/intervention.hpp"
#include "machines/key/key.hpp"
#include "machines/order/order.hpp"
#include "machines/reconciliation/reconciliation.hpp"
#include "machines/resolution/resolution.hpp"
#include "machines/sleeve/sleeve.hpp"
#include "machines/sleeve_cycle/sleeve_cycle.hpp"
#include "machines/vault/vault.hpp"

namespace deploy {
namespace {

using ledger::Parameters;
using ledger::Statement;
using nlohmann::ordered_json;

constexpr Statement count_statement = {
    "migration_counts",
    "SELECT state, count(*) FROM ledger.instance WHERE kind = $1 AND machine_version = $2 AND NOT is_final AND "
    "($3::bigint = 0 OR id = $3::bigint) GROUP BY 1 ORDER BY 1",
    false};
constexpr Statement slice_statement = {
    "migration_slice",
    "SELECT owner, id, state FROM ledger.instance WHERE kind = $1 AND machine_version = $2 AND NOT is_final AND "
    "($3::bigint = 0 OR id = $3::bigint) AND (owner, id) > ($4, $5) ORDER BY owner, id LIMIT 500",
    false};
constexpr Statement migrate_statement = {"migrate_instance",
                                         "SELECT ledger.migrate_instance($1, $2, $3, $4, $5, $6, $7, $8)"};
constexpr Statement record_statement = {"record_migration", "SELECT ledger.record_migration($1, $2)"};

std::string listed(const std::set<std::string, std::less<>>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

std::string versions_of(const MachineRegistry& registry, const std::string& kind) {
  std::string all;
  for (const auto& [machine, shape] : registry)
    if (machine.first == kind) all += (all.empty() ? "v" : ", v") + std::to_string(machine.second);
  return all.empty() ? "no such machine" : all;
}

// Why this map can't be meant for what lives; empty when it can.
std::string objection(const MachineRegistry& registry, const MachineMigration& order,
                      const schemas::config::StateMap& map, const std::vector<MigrationCount>& counts) {
  if (order.from == order.to) return "--from and --to are the same version";
  for (const int version : {order.from, order.to})
    if (!registry.contains({order.kind, version}))
      return fmt::format("this program does not know {} v{}; it knows {}", order.kind, version,
                         versions_of(registry, order.kind));
  const MachineShape& from = registry.at({order.kind, order.from});
  const MachineShape& to = registry.at({order.kind, order.to});
  for (const auto& [old_state, new_state] : map) {
    if (!from.states.contains(old_state))
      return fmt::format("the map names {}, which is no state of {} v{}: {}", old_state, order.kind, order.from,
                         listed(from.states));
    if (!to.states.contains(new_state))
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
  Mover(ledger::Connection& connection, const MachineRegistry& registry, const MachineMigration& order,
        const schemas::config::StateMap& map)
      : connection_(connection), to_(registry.at({order.kind, order.to})), order_(order), map_(map) {}

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
                                                              .add_bool(to_.finals.contains(target->second)));
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
  const MachineShape& to_;
  const MachineMigration& order_;
  const schemas::config::StateMap& map_;
  std::map<std::int64_t, std::int64_t> moved_;
};

}  // namespace

const MachineRegistry& shipped_machines() {
  namespace m = machines;
  static const MachineRegistry registry = {
      {{"order", 1}, shape_of<m::order::State>(m::order::transitions)},
      {{"sleeve_cycle", 1}, shape_of<m::sleeve_cycle::State>(m::sleeve_cycle::transitions)},
      {{"allocation", 1}, shape_of<m::allocation::State>(m::allocation::transitions)},
      {{"vault", 1}, shape_of<m::vault::State>(m::vault::transitions)},
      {{"sleeve", 1}, shape_of<m::sleeve::State>(m::sleeve::transitions)},
      {{"control", 1}, shape_of<m::control::State>(m::control::transitions)},
      {{"intervention", 1}, shape_of<m::intervention::State>(m::intervention::transitions)},
      {{"firing", 1}, shape_of<m::firing::State>(m::firing::transitions)},
      {{"break", 1}, shape_of<m::reconciliation::State>(m::reconciliation::transitions)},
      {{"key", 1}, shape_of<m::key::State>(m::key::transitions)},
      {{"resolution", 1}, shape_of<m::resolution::State>(m::resolution::transitions)},
  };
  return registry;
}

ledger::Stored<Migrated> migrate_machines(ledger::Connection& connection, const MachineRegistry& registry,
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
  made.refusal = objection(registry, order, map, made.counts);
  if (!made.refusal.empty() || order.dry_run) return made;
  Mover mover(connection, registry, order, map);
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

int migrate_machines(const Where& where, const MachineMigration& order) {
  if (order.why.empty() && !order.dry_run)
    return wrong("machine migrate: --why is missing: whoever reads the history wants to know");
  const auto map = schemas::config::load_state_map(order.map_file);
  if (!map) return wrong(map.error().text());
  ledger::Connection connection(where.dsn);
  const auto made = migrate_machines(connection, shipped_machines(), order, *map, who_asks());
  if (!made) return failed(where, "machine migrate", made.error());
  if (!made->refusal.empty()) {
    print_text(stderr, "bursar: machine migrate: {}; nothing was changed\n", made->refusal);
    return 1;
  }
  ordered_json json = {{"dry_run", order.dry_run},
                       {"in_flight", made->in_flight},
                       {"moved_on", made->moved_on},
                       {"states", ordered_json::array()}};
  for (const MigrationCount& count : made->counts) {
    json["states"].push_back(
        {{"from", count.from_state}, {"to", count.to_state}, {"live", count.live}, {"moved", count.moved}});
    if (!where.json)
      print_text("{:<13} -> {:<13} {:>8} live, {:>8} {}\n", count.from_state, count.to_state, count.live,
                 order.dry_run ? count.live : count.moved, order.dry_run ? "would be moved" : "moved");
  }
  if (where.json) std::cout << json.dump() << "\n";
  if (!where.json && made->counts.empty()) print_text("no live instance of {} v{}\n", order.kind, order.from);
  if (made->in_flight + made->moved_on > 0)
    print_text(stderr, "{} are in flight and {} have changed meanwhile: order it again\n", made->in_flight,
               made->moved_on);
  return made->in_flight + made->moved_on > 0 ? 1 : 0;
}

}  // namespace deploy
