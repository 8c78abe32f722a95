#include "ledger/audit/signings.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "ledger/env/sha256.hpp"

namespace ledger::audit {
namespace {

// By round and number, never by id: ids are drawn in packs.
constexpr SqlStatement newest_statement = {
    "audit_newest_signing",
    "SELECT r.round, r.number, r.line, r.key, r.wall_us, r.place FROM ledger.instance i JOIN ledger.transition t ON "
    "t.owner = i.owner AND t.instance = i.id AND t.version = 1 CROSS JOIN LATERAL (SELECT t.data::jsonb AS d) AS x "
    "CROSS JOIN LATERAL (SELECT (x.d ->> 'round')::bigint AS round, coalesce((x.d ->> 'number')::bigint, 0) AS number, "
    "coalesce(x.d ->> 'line', '') AS line, coalesce(x.d ->> 'key', '') AS key, coalesce((x.d ->> 'wall_us')::bigint, "
    "0) "
    "AS wall_us, coalesce(x.d ->> 'place', '') AS place) AS r WHERE i.kind = 'intervention' AND x.d ->> 'what' IN "
    "('checkpoint', 'checkpoints anew') ORDER BY 1 DESC, 2 DESC LIMIT 1",
    false};
constexpr SqlStatement record_statement = {
    "record_checkpoint", "SELECT ledger.record_checkpoint(min(o.id), $1) FROM ledger.owner o HAVING min(o.id) > 0"};
// The first link that is anything else ends it.
constexpr SqlStatement others_statement = {
    "audit_others_since",
    "SELECT EXISTS (SELECT FROM (SELECT h.id, coalesce(e.seq, 0) AS seq FROM ledger.shard h LEFT JOIN "
    "unnest($1::int[], "
    "$2::bigint[]) AS e (id, seq) ON e.id = h.id WHERE h.seq > coalesce(e.seq, 0)) AS h JOIN ledger.link l ON l.shard "
    "= "
    "h.id AND l.seq > h.seq CROSS JOIN LATERAL unnest(l.owners, l.instances, l.versions) AS u (owner, instance, "
    "version) "
    "LEFT JOIN ledger.transition t ON t.owner = u.owner AND t.instance = u.instance AND t.version = u.version WHERE "
    "CASE t.kind WHEN 'intervention' THEN t.data::jsonb ->> 'what' <> 'checkpoint' ELSE true END)",
    false};

std::string when(std::int64_t wall_us) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(wall_us / 1'000'000)));
}

// The newest link of the shard that has most.
std::string place_of(const Checkpoint& checkpoint) {
  const auto longest = std::max_element(checkpoint.heads.begin(), checkpoint.heads.end(),
                                        [](const Head& a, const Head& b) { return a.seq < b.seq; });
  return longest == checkpoint.heads.end() ? "no link yet"
                                           : fmt::format("link {} of shard {}", longest->seq, longest->shard);
}

Stored<bool> record(Connection& connection, const nlohmann::ordered_json& data) {
  const auto rows = connection.call(record_statement, Parameters().add(data.dump()));
  if (!rows) return machines::fail(rows.error());
  return !rows->empty();
}

}  // namespace

std::string fingerprint_of(const std::string& public_key) { return env::sha256_hex(public_key).substr(0, 16); }

Stored<std::optional<Signing>> newest_signing(Connection& connection) {
  const auto rows = connection.call(newest_statement);
  if (!rows) return machines::fail(rows.error());
  if (rows->empty()) return std::optional<Signing>{};
  return std::optional(Signing{rows->number(0, 0), rows->number(0, 1), std::string(rows->text(0, 2)),
                               std::string(rows->text(0, 3)), rows->number(0, 4), std::string(rows->text(0, 5))});
}

Stored<bool> record_signing(Connection& connection, const Checkpoints& checkpoints, const std::string& public_key) {
  const auto newest = newest_signing(connection);
  if (!newest) return machines::fail(newest.error());
  const auto last = checkpoints.last();
  return record(connection, {{"what", "checkpoint"},
                             {"who", "the house"},
                             {"why", "a checkpoint was signed"},
                             {"round", *newest ? (*newest)->round : 0},
                             {"number", checkpoints.all().size()},
                             {"line", checkpoints.hashes().back()},
                             {"key", fingerprint_of(public_key)},
                             {"wall_us", last->wall_us},
                             {"place", place_of(*last)}});
}

Stored<bool> renounce_signings(Connection& connection, const std::string& who, const std::string& why) {
  const auto newest = newest_signing(connection);
  if (!newest) return machines::fail(newest.error());
  return record(
      connection,
      {{"what", "checkpoints anew"}, {"who", who}, {"why", why}, {"round", *newest ? (*newest)->round + 1 : 1}});
}

Stored<bool> only_signings_since(Connection& connection, const std::vector<Head>& heads) {
  ArrayText shards, seqs;
  for (const Head& head : heads) shards.add(head.shard), seqs.add(head.seq);
  const auto rows = connection.call(others_statement, Parameters().add(shards).add(seqs));
  if (!rows) return machines::fail(rows.error());
  return !rows->flag(0, 0);
}

std::string in_words(const Signing& signing) {
  return fmt::format("{} {} signed, the last one at {} up to {}, by the key {}", signing.number,
                     signing.number == 1 ? "was" : "were", when(signing.wall_us), signing.place, signing.key);
}

std::optional<std::string> shortfall(const std::optional<Signing>& newest, const Checkpoints& checkpoints,
                                     const std::string& public_key, const std::filesystem::path& path) {
  if (!newest || newest->number == 0) return std::nullopt;
  const auto count = static_cast<std::int64_t>(checkpoints.all().size());
  std::string what;
  if (count == 0)
    what = "the checkpoints of this house are gone";
  else if (!public_key.empty() && fingerprint_of(public_key) != newest->key)
    what = fmt::format("the checkpoints are signed by another key ({})", fingerprint_of(public_key));
  else if (count < newest->number)
    what = fmt::format("only {} of the checkpoints of this house {} left", count, count == 1 ? "is" : "are");
  else if (checkpoints.hashes()[static_cast<std::size_t>(newest->number - 1)] != newest->line)
    what = fmt::format("checkpoint {} is not the one that was signed", newest->number);
  else
    return std::nullopt;
  return fmt::format(
      "{}: {}: {}; put the file and keys/checkpoint.* back from a copy outside this machine, or name the house's own "
      "folder with --data-dir; on a host that has no copy: `bursar ledger verify --without-checkpoints`; where they "
      "are lost "
      "for good: `bursar ledger checkpoint --anew --why TEXT`",
      path.string(), what, in_words(*newest));
}

}  // namespace ledger::audit
