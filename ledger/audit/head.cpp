#include "ledger/audit/head.hpp"

namespace ledger::audit {
namespace {

constexpr SqlStatement heads_statement = {
    "audit_heads", "SELECT id, seq, encode(head, 'hex') FROM ledger.shard WHERE seq > 0 ORDER BY id", false};
constexpr SqlStatement place_statement = {
    "audit_place",
    "SELECT (SELECT coalesce(max(l.seq), 0) FROM ledger.link l WHERE l.shard = $1), "
    "(SELECT encode(l.hash, 'hex') FROM ledger.link l WHERE l.shard = $1 AND l.seq = $2)",
    false};
constexpr SqlStatement deployment_statement = {"audit_deployment", "SELECT encode(name, 'hex') FROM ledger.deployment",
                                               false};

}  // namespace

Stored<std::vector<Head>> read_heads(Connection& connection) {
  const auto rows = connection.call(heads_statement);
  if (!rows) return machines::fail(rows.error());
  std::vector<Head> heads;
  heads.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    heads.push_back({static_cast<int>(rows->number(row, 0)), rows->number(row, 1), std::string(rows->text(row, 2))});
  return heads;
}

Stored<std::optional<Departed>> departure(Connection& connection, const std::vector<Head>& expected) {
  for (const Head& head : expected) {
    const auto rows = connection.call(place_statement, Parameters().add(std::int64_t{head.shard}).add(head.seq));
    if (!rows) return machines::fail(rows.error());
    const std::int64_t stands_at = rows->number(0, 0);
    if (!rows->is_null(0, 1) && rows->text(0, 1) == head.hash) continue;
    return std::optional(Departed{head, stands_at < head.seq ? Departure::shorter : Departure::rewritten, stands_at});
  }
  return std::optional<Departed>{};
}

Stored<std::string> deployment_name(Connection& connection) {
  const auto rows = connection.call(deployment_statement);
  if (!rows) return machines::fail(rows.error());
  if (rows->empty()) return machines::fail(StoreError{StoreFailure::refused, "the deployment has no name"});
  return std::string(rows->text(0, 0));
}

}  // namespace ledger::audit
