#include "ledger/audit/machines.hpp"

#include <initializer_list>
#include <utility>

#include "machines/allocation/allocation.hpp"
#include "machines/control/control.hpp"
#include "machines/core/names.hpp"
#include "machines/firing/firing.hpp"
#include "machines/intervention/intervention.hpp"
#include "machines/key/key.hpp"
#include "machines/order/order.hpp"
#include "machines/reconciliation/reconciliation.hpp"
#include "machines/resolution/resolution.hpp"
#include "machines/sleeve/sleeve.hpp"
#include "machines/sleeve_cycle/sleeve_cycle.hpp"
#include "machines/vault/vault.hpp"

namespace ledger::audit {
namespace {

using machines::name_of;

// The rows of a table; then its births: into the first state, by an event that no row uses. `elsewhere`: the births
// into another state.
template <class State, class Event, class Command, std::size_t N>
void add(std::vector<MachineRow>& rows, const char* kind, State first,
         const machines::Table<State, Event, Command, N>& table,
         std::initializer_list<std::pair<Event, State>> elsewhere = {}) {
  for (const auto& row : table.rows)
    rows.push_back({kind, 1, std::string(name_of(row.from)), std::string(name_of(row.on)), std::string(name_of(row.to)),
                    std::string(name_of(row.then)), table.is_final(row.to)});
  for (std::size_t at = 0; at < machines::count_of<Event>; ++at) {
    const auto event = static_cast<Event>(at);
    bool is_used = false;
    for (const auto& row : table.rows) is_used = is_used || row.on == event;
    State into = first;
    for (const auto& [by, other] : elsewhere)
      if (by == event) into = other;
    if (!is_used)
      rows.push_back({kind, 1, "", std::string(name_of(event)), std::string(name_of(into)), "", table.is_final(into)});
  }
}

std::vector<MachineRow> made() {
  namespace m = machines;
  std::vector<MachineRow> rows;
  add(rows, "order", m::order::drafted, m::order::transitions);
  add(rows, "sleeve_cycle", m::sleeve_cycle::watching, m::sleeve_cycle::transitions);
  add(rows, "allocation", m::allocation::requested, m::allocation::transitions);
  add(rows, "vault", m::vault::open, m::vault::transitions);
  // A review that a person or a schedule ordered moves the vault and leaves its daily timer alone.
  for (const auto& row : m::vault::transitions.rows)
    rows.push_back({"vault", 1, std::string(name_of(row.from)), std::string(name_of(row.on)),
                    std::string(name_of(row.to)), std::string(name_of(m::vault::none)), false});
  add(rows, "sleeve", m::sleeve::open, m::sleeve::transitions);
  add(rows, "control", m::control::in_force, m::control::transitions);
  add(rows, "intervention", m::intervention::ordered, m::intervention::transitions);
  add(rows, "firing", m::firing::due, m::firing::transitions);
  add(rows, "break", m::reconciliation::open, m::reconciliation::transitions,
      {{m::reconciliation::book, m::reconciliation::closed}});
  add(rows, "resolution", m::resolution::unconfirmed, m::resolution::transitions);
  add(rows, "key", m::key::resting, m::key::transitions);
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

Statement all_machines_statement() { return {"audit_machines", all_sql.c_str(), false}; }
Statement recent_machines_statement() { return {"audit_recent_machines", recent_sql.c_str(), false}; }

}  // namespace ledger::audit
