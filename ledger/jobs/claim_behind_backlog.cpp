#include "ledger/jobs/jobs.hpp"
#include "ledger/jobs/rows.hpp"

// ledger/jobs/claim_behind_backlog.cpp: the jobs behind a backlog, and where jobs go.
namespace ledger::jobs {
namespace {

using machines::LeasedJob;

constexpr SqlStatement owners_statement = {"owners_in_turn", "SELECT * FROM ledger.owners_in_turn($1, $2, $3)", false};
// Lost on the way they are found again among the leased rows.
constexpr SqlStatement claim_of_statement = {"claim_of", "SELECT * FROM ledger.take_of($1, $2, $3, $4, $5)", false};
constexpr SqlStatement urgent_statement = {"claim_urgent", "SELECT * FROM ledger.take_urgent($1, $2, $3, $4, $5, $6)",
                                           false};
constexpr SqlStatement places_statement = {"places", "SELECT * FROM ledger.places($1, $2)", false};
constexpr SqlStatement owner_ids_statement = {"owner_ids", "SELECT * FROM ledger.owner_ids($1)", false};

machines::OwnerId owner_at(const Rows& rows, int row, int column) {
  return {static_cast<std::int32_t>(rows.number(row, column))};
}

}  // namespace

Stored<std::vector<OwnerOfShard>> Jobs::owners_in_turn(std::span<const OwnerOfShard> after, int count) {
  ArrayText shards, owners;
  for (const OwnerOfShard& one : after) {
    shards.add(one.shard);
    owners.add(one.owner.value);
  }
  const auto rows =
      connection_.call(owners_statement, Parameters().add(shards).add(owners).add(static_cast<std::int64_t>(count)));
  if (!rows) return machines::fail(rows.error());
  std::vector<OwnerOfShard> found;
  found.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    found.push_back({static_cast<int>(rows->number(row, 0)), owner_at(*rows, row, 1)});
  return found;
}

Stored<std::vector<LeasedJob>> Jobs::claim_of(std::span<const OwnerOfShard> owners, machines::Instant world_now,
                                              int limit, const std::string& broker) {
  ArrayText shards, ids;
  for (const OwnerOfShard& one : owners) {
    shards.add(one.shard);
    ids.add(one.owner.value);
  }
  return leased_of(
      connection_.call(
          claim_of_statement,
          Parameters().add(shards).add(ids).add(world_now.us).add(static_cast<std::int64_t>(limit)).add(broker)),
      true);
}

Stored<std::vector<LeasedJob>> Jobs::claim_urgent(std::span<const int> shards, std::span<const KindOfWork> what,
                                                  machines::Instant world_now, int limit, const std::string& broker) {
  ArrayText ids, kinds, commands;
  for (const int shard : shards) ids.add(shard);
  for (const KindOfWork& one : what) {
    kinds.add_text(one.kind);
    commands.add_text(one.command);
  }
  return leased_of(connection_.call(urgent_statement, Parameters()
                                                          .add(ids)
                                                          .add(kinds)
                                                          .add(commands)
                                                          .add(world_now.us)
                                                          .add(static_cast<std::int64_t>(limit))
                                                          .add(broker)),
                   true);
}

Stored<std::vector<PlaceOf>> Jobs::places(std::span<const machines::JobKey> jobs) {
  ArrayText owners, instances;
  for (const machines::JobKey& job : jobs) {
    owners.add(job.owner.value);
    instances.add(job.instance.value);
  }
  const auto rows = connection_.call(places_statement, Parameters().add(owners).add(instances));
  if (!rows) return machines::fail(rows.error());
  std::vector<PlaceOf> places;
  places.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    places.push_back({owner_at(*rows, row, 0),
                      {rows->number(row, 1)},
                      std::string(rows->text(row, 2)),
                      std::string(rows->text(row, 3))});
  return places;
}

Stored<std::map<std::string, machines::OwnerId>> Jobs::owner_ids(std::span<const std::string> names) {
  ArrayText array;
  for (const std::string& name : names) array.add_text(name);
  const auto rows = connection_.call(owner_ids_statement, Parameters().add(array));
  if (!rows) return machines::fail(rows.error());
  std::map<std::string, machines::OwnerId> ids;
  for (int row = 0; row < rows->size(); ++row) ids[std::string(rows->text(row, 0))] = owner_at(*rows, row, 1);
  return ids;
}

}  // namespace ledger::jobs
