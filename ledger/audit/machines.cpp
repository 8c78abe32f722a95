#include "ledger/audit/machines.hpp"

#include "machines/catalog/catalog.hpp"

namespace ledger::audit {
namespace {

std::vector<MachineRow> made() {
  std::vector<MachineRow> rows;
  const auto add = [&rows](std::string_view kind, const machines::catalog::Version& version,
                           const machines::catalog::Row& row) {
    rows.push_back({std::string(kind), version.number, std::string(row.from), std::string(row.on), std::string(row.to),
                    std::string(row.then), version.is_final(row.to)});
  };
  for (const auto& kind : machines::catalog::kinds())
    for (const auto& version : kind.versions) {
      for (const auto& row : version.rows) {
        add(kind.word, version, row);
        if (row.then_is_optional) add(kind.word, version, {row.from, row.on, row.to, "none", "", false});
      }
      for (const auto& birth : version.births) add(kind.word, version, {"", birth.on, birth.to, "", "", false});
    }
  return rows;
}

}  // namespace

const std::vector<MachineRow>& machine_rows() {
  static const std::vector<MachineRow> rows = made();
  return rows;
}

Parameters machine_parameters() {
  ArrayText kinds, versions, from, events, to, commands, finals;
  for (const MachineRow& row : machine_rows()) {
    kinds.add_text(row.kind);
    versions.add(row.machine_version);
    from.add_text(row.from);
    events.add_text(row.event);
    to.add_text(row.to);
    commands.add_text(row.command);
    finals.add_bool(row.is_final);
  }
  return Parameters().add(kinds).add(versions).add(from).add(events).add(to).add(commands).add(finals);
}

namespace {

const std::string known_rows =
    "WITH known AS (SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], "
    "$7::boolean[]) AS k (kind, machine_version, from_state, event, to_state, command, is_final)), ";

// A migration moves an instance to any state of its new version's machine; it is said to be `migrated`, which no
// machine calls an event of its own.
const std::string bad_row =
    "judged AS (SELECT s.* FROM seen s WHERE NOT EXISTS (SELECT FROM known k WHERE k.kind = s.kind AND "
    "k.machine_version = s.machine_version AND k.to_state = s.to_state AND (s.event = 'migrated' AND "
    "s.from_state <> '' AND s.command = 'none' OR k.from_state = s.from_state AND k.event = s.event AND "
    "(k.command = s.command OR k.from_state = '')))) "
    "SELECT coalesce((SELECT format('transition (owner %s, instance %s, version %s): is no row of the machine %s %s: "
    "%s, on %s, becomes %s, then %s', j.first[1], j.first[2], j.first[3], j.kind, j.machine_version, "
    "CASE j.from_state WHEN '' THEN 'what is born' ELSE j.from_state END, j.event, j.to_state, j.command) "
    "FROM judged j ORDER BY j.first LIMIT 1), ";

const std::string bad_end =
    "(SELECT format('instance (owner %s, id %s): is %s, and a %s that is %s is not', i.owner, i.id, CASE WHEN "
    "i.is_final THEN 'final' ELSE 'live' END, i.kind, i.state) FROM ";
const std::string has_bad_end =
    "i.is_final IS DISTINCT FROM (SELECT bool_or(k.is_final) FROM known k WHERE k.kind = i.kind AND "
    "k.machine_version = i.machine_version AND k.to_state = i.state) ORDER BY i.owner, i.id LIMIT 1))";

const std::string all_sql =
    known_rows +
    "seen AS (SELECT kind, machine_version, from_state, event, to_state, command, min(ARRAY[owner, instance, version]) "
    "AS first FROM ledger.transition GROUP BY 1, 2, 3, 4, 5, 6), " +
    bad_row + bad_end + "ledger.instance i WHERE " + has_bad_end;

const std::string recent_sql =
    known_rows +
    "item AS MATERIALIZED (SELECT u.owner, u.instance, u.version FROM ledger.link l, unnest(l.owners, l.instances, "
    "l.versions, l.tokens) AS u (owner, instance, version, token) WHERE l.shard = $8 AND l.seq BETWEEN $9 AND $10 AND "
    "u.token IS NULL), "
    "seen AS (SELECT t.kind, t.machine_version, t.from_state, t.event, t.to_state, t.command, min(ARRAY[t.owner, "
    "t.instance, t.version]) AS first FROM item u CROSS JOIN LATERAL (SELECT x.* FROM ledger.transition x WHERE "
    "x.owner = u.owner AND x.instance = u.instance AND x.version = u.version) AS t GROUP BY 1, 2, 3, 4, 5, 6), " +
    bad_row + bad_end +
    "(SELECT DISTINCT owner, instance FROM item) AS u CROSS JOIN LATERAL (SELECT x.* FROM ledger.instance x WHERE "
    "x.owner = u.owner AND x.id = u.instance) AS i WHERE " +
    has_bad_end;

}  // namespace

SqlStatement all_machines_statement() { return {"audit_machines", all_sql.c_str(), false}; }
SqlStatement recent_machines_statement() { return {"audit_recent_machines", recent_sql.c_str(), false}; }

}  // namespace ledger::audit
