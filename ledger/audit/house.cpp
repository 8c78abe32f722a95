#include "ledger/audit/house.hpp"

namespace ledger::audit {
namespace {

constexpr const char* births_pass = "births and shards";
constexpr const char* jobs_pass = "jobs and what ordered them";
constexpr const char* cursor_pass = "the feed's cursor";
constexpr const char* controls_pass = "controls, firings and keys";
constexpr const char* rows_pass = "shards, owners and their controls";
constexpr const char* roles_pass = "accounts of vaults and sleeves";
constexpr const char* records_pass = "statements of venues";
constexpr const char* times_pass = "times of the wall";

// A birth's transition says parent, sleeve and which of the births of its step it was: born(33,1,1). Rows that are
// older than that, and births in SQL, go by their kind.
constexpr SqlStatement births_statement = {
    "audit_births",
    "SELECT format('instance (owner %s, id %s): is not the child that its birth says', i.owner, i.id) "
    "FROM ledger.instance i JOIN ledger.transition t ON t.owner = i.owner AND t.instance = i.id AND t.version = 1 "
    "CROSS JOIN LATERAL (SELECT regexp_match(t.jobs, 'born\\((\\d+),(\\d+),(\\d+)\\)$') AS said) AS b "
    "WHERE CASE WHEN b.said IS NOT NULL THEN "
    "(i.parent, i.sleeve, i.born_ordinal) IS DISTINCT FROM (b.said[1]::bigint, b.said[2]::bigint, b.said[3]::int) "
    "ELSE i.born_ordinal < 1 OR i.born_of = 0 AND i.born_ordinal <> 1 OR CASE "
    "WHEN i.kind IN ('vault', 'control', 'intervention', 'firing') THEN (i.parent, i.sleeve) <> (0, 0) "
    "WHEN i.kind = 'sleeve' THEN i.parent <> 0 OR i.sleeve IS DISTINCT FROM (t.data::jsonb -> 'opened' ->> "
    "'id')::bigint "
    "WHEN i.kind IN ('order', 'sleeve_cycle') THEN NOT EXISTS (SELECT FROM ledger.instance p WHERE p.owner = i.owner "
    "AND p.id = i.parent AND p.sleeve = i.sleeve) ELSE false END END ORDER BY i.owner, i.id LIMIT 1",
    false};

// All of an owner's history is in the chain of its shard.
constexpr SqlStatement shards_statement = {
    "audit_shards",
    "SELECT format('owner (owner %s, %s): is of shard %s, and its history is in the chain of shard %s', o.id, o.name, "
    "o.shard, h.shard) FROM ledger.owner o JOIN (SELECT DISTINCT l.shard, u.owner FROM ledger.link l, "
    "unnest(l.owners) AS u (owner)) AS h ON h.owner = o.id WHERE h.shard <> o.shard ORDER BY o.id LIMIT 1",
    false};

// The n-th job of a step is the n-th that its transition orders, a timer of the same world time or, re-armed, a later
// one; ordinals count from 0, those of a vault's birth, which SQL writes, from 1. From ordinal 1000 on they are events
// that somebody submitted: for a live instance, and one that its machine has.
constexpr SqlStatement jobs_statement = {
    "audit_jobs",
    "WITH known AS (SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], "
    "$7::boolean[]) AS k (kind, machine_version, from_state, event, to_state, command, is_final)) "
    "SELECT format('job (owner %s, instance %s, version %s, ordinal %s, %s): nothing ordered it as it stands', "
    "j.owner, "
    "j.instance, j.version, j.ordinal, j.command) FROM ledger.job j "
    "LEFT JOIN ledger.instance i ON i.owner = j.owner AND i.id = j.instance "
    "LEFT JOIN ledger.owner o ON o.id = j.owner "
    "LEFT JOIN ledger.transition t ON t.owner = j.owner AND t.instance = j.instance AND t.version = j.version "
    "CROSS JOIN LATERAL (SELECT (string_to_array(t.jobs, ' '))[j.ordinal + (t.kind <> 'vault' OR t.version "
    "> 1)::int] AS word) AS w "
    "WHERE (i.kind = j.kind AND NOT i.is_final AND j.shard IN (o.shard, -1 - o.shard) AND CASE WHEN j.ordinal < 1000 "
    "THEN split_part(w.word, '@', 1) = j.command AND j.world_at >= split_part(w.word, '@', 2)::bigint AND "
    "(NOT j.is_event OR NOT EXISTS (SELECT FROM known k WHERE k.kind = j.kind AND k.command = j.command)) "
    "ELSE j.is_event AND t.owner IS NOT NULL AND (EXISTS (SELECT FROM known k WHERE k.kind = j.kind AND k.event = "
    "j.command) OR j.kind = 'vault' AND j.command = 'review') END) IS NOT TRUE "
    "ORDER BY j.owner, j.instance, j.version, j.ordinal LIMIT 1",
    false};

// Nothing has answered what the last move of a live instance ordered, but for a person who cancelled it: it must wait.
constexpr SqlStatement missing_jobs_statement = {
    "audit_missing_jobs",
    "SELECT format('instance (owner %s, id %s): the job %s that its last move ordered is gone', i.owner, i.id, "
    "split_part(w.word, '@', 1)) FROM ledger.instance i JOIN ledger.transition t ON t.owner = i.owner AND t.instance "
    "= i.id AND t.version = i.version CROSS JOIN LATERAL unnest(string_to_array(t.jobs, ' ')) WITH ORDINALITY AS w "
    "(word, nth) WHERE NOT i.is_final AND w.word NOT LIKE 'born(%' AND NOT EXISTS (SELECT FROM ledger.job j WHERE "
    "j.owner = i.owner AND j.instance = i.id AND j.version = i.version AND j.ordinal = w.nth - (i.kind <> 'vault' OR "
    "i.version > 1)::int) AND NOT EXISTS "
    "(SELECT FROM ledger.instance x WHERE x.owner = i.owner AND x.kind = 'intervention' AND x.data::jsonb -> 'jobs' @> "
    "jsonb_build_array(jsonb_build_array(i.id, i.version, w.nth - (i.kind <> 'vault' OR i.version > 1)::int))) ORDER "
    "BY i.owner, i.id LIMIT 1",
    false};
constexpr SqlStatement stranded_statement = {
    "audit_stranded",
    "SELECT format('instance (owner %s, id %s): a %s that is %s has neither a job nor a child to move it', s.owner, "
    "s.instance, s.kind, s.state) FROM ledger.stranded() AS s ORDER BY s.owner, s.instance LIMIT 1",
    false};

// The cursor stands on a bar, on the last one once it is done, and no machine waits for a close that is long past: a
// barrier passes only where no job up to it is open.
constexpr SqlStatement cursor_statement = {
    "audit_cursor",
    "SELECT format('feed (instrument %s): %s', f.instrument, x.wrong) FROM ledger.feed f CROSS JOIN LATERAL (SELECT "
    "CASE WHEN f.played_to <> 0 AND NOT EXISTS (SELECT FROM ledger.bar b WHERE b.instrument = f.instrument AND "
    "b.opens_at = f.played_to) THEN 'its cursor stands on no bar' "
    "WHEN f.finished AND f.played_to <> (SELECT max(b.opens_at) FROM ledger.bar b WHERE b.instrument = f.instrument) "
    "THEN 'it has finished, and its cursor is not on the last bar' "
    "WHEN NOT f.finished AND f.played_to - 86400000000 > (SELECT min(j.world_at) FROM ledger.job j WHERE j.kind IN "
    "('order', 'sleeve_cycle') AND NOT j.is_event) THEN 'its cursor is past what still waits' END AS wrong) AS x "
    "WHERE x.wrong IS NOT NULL LIMIT 1",
    false};

// A control's epoch rises with each pause or freeze, and with each lift; the one of all owners (0) was never used.
constexpr SqlStatement controls_statement = {
    "audit_controls",
    "SELECT format('control (owner %s): its epoch or its reason is not what its controls made of it', c.owner) "
    "FROM ledger.control c CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE t.event = 'impose') AS imposed, "
    "count(*) AS moved FROM ledger.transition t WHERE t.owner = c.owner AND t.kind = 'control' AND t.event IN "
    "('impose', 'lift')) AS h WHERE c.epoch NOT BETWEEN h.imposed AND h.moved OR c.reason <> coalesce((SELECT "
    "i.data::json ->> 'why' FROM ledger.instance i WHERE i.owner = c.owner AND i.kind = 'control' AND NOT i.is_final "
    "AND i.data::json ->> 'measure' = 'freeze' LIMIT 1), '') ORDER BY c.owner LIMIT 1",
    false};
// Opened with its owner, and gone never.
constexpr SqlStatement owners_statement = {
    "audit_owners",
    "SELECT format('%s (owner %s): %s', CASE WHEN c.owner IS NULL THEN 'owner' ELSE 'control' END, coalesce(x.id, "
    "c.owner), CASE WHEN c.owner "
    "IS NULL THEN 'its control is gone' ELSE 'there is no such owner' END) FROM (SELECT id FROM ledger.owner UNION ALL "
    "SELECT 0) AS x (id) FULL JOIN ledger.control c ON c.owner = x.id WHERE x.id IS NULL OR c.owner IS NULL LIMIT 1",
    false};
constexpr SqlStatement shard_rows_statement = {"audit_shard_rows",
                                               "SELECT format('shard %s: is gone', n) FROM generate_series(0, 63) AS n "
                                               "WHERE NOT EXISTS (SELECT FROM ledger.shard h "
                                               "WHERE h.id = n) ORDER BY n LIMIT 1",
                                               false};

// The openings say which accounts a vault or sleeve has; by its path each is for what the row says that it is for.
constexpr SqlStatement roles_statement = {
    "audit_roles",
    "SELECT format('%s (owner %s, id %s, %s): its account for %s is not the one', x.what, x.owner, x.id, x.name, "
    "x.role) "
    "FROM (SELECT 'vault' AS what, v.owner, v.id, v.name, r.role, r.account, r.path FROM ledger.vault v LEFT JOIN "
    "ledger.asset c ON c.id = v.asset CROSS JOIN LATERAL (SELECT v.venue || CASE v.account WHEN 'main' THEN '' ELSE "
    "'/' || "
    "v.account END AS place) AS p CROSS JOIN LATERAL (VALUES ('external', v.external, format('venue/%s/%s', place, "
    "c.code)), "
    "('quarantine', v.quarantine, format('quarantine/%s/%s', place, c.code)), ('reserve', v.reserve, "
    "format('vault/%s/reserve', v.name)), ('tradeable', v.tradeable, format('vault/%s/tradeable', v.name))) AS r "
    "(role, "
    "account, path) "
    "UNION ALL SELECT 'sleeve', s.owner, s.id, s.name, r.role, r.account, r.path FROM ledger.sleeve s LEFT JOIN "
    "ledger.vault "
    "v ON v.owner = s.owner AND v.id = s.vault LEFT JOIN ledger.instrument n ON n.id = s.instrument LEFT JOIN "
    "ledger.asset b "
    "ON b.id = n.base LEFT JOIN ledger.asset q ON q.id = n.quote LEFT JOIN ledger.asset f ON f.id = s.fee_asset CROSS "
    "JOIN "
    "LATERAL (SELECT 'sleeve/' || s.name AS mine, v.venue || CASE v.account WHEN 'main' THEN '' ELSE '/' || v.account "
    "END AS "
    "place) AS p CROSS JOIN LATERAL (VALUES ('quote', s.quote, format('%s/%s', mine, q.code)), ('base', s.base, "
    "format('%s/%s', mine, b.code)), ('trading_quote', s.trading_quote, format('%s/trading/%s', mine, q.code)), "
    "('trading_base', s.trading_base, format('%s/trading/%s', mine, b.code)), ('fees_quote', s.fees_quote, "
    "format('%s/fees/%s', mine, q.code)), ('fees_base', s.fees_base, format('%s/fees/%s', mine, b.code)), "
    "('suspense_quote', "
    "s.suspense_quote, 'suspense/' || q.code), ('suspense_base', s.suspense_base, 'suspense/' || b.code), "
    "('external_base', "
    "s.external_base, format('venue/%s/%s', place, b.code)), ('quarantine_base', s.quarantine_base, "
    "format('quarantine/%s/%s', place, b.code)), ('fees_other', s.fees_other, format('%s/fees/%s', mine, f.code)), "
    "('suspense_other', s.suspense_other, format('suspense/%s', f.code))) AS r (role, account, path) WHERE "
    "num_nulls(r.account, "
    "s.fee_asset) < 2) AS x LEFT JOIN ledger.account a ON a.owner = x.owner AND a.id = x.account WHERE a.path IS "
    "DISTINCT FROM "
    "x.path ORDER BY 1 LIMIT 1",
    false};
constexpr SqlStatement statements_statement = {"audit_statements", "SELECT ledger.verify_statements()", false};
constexpr SqlStatement firings_statement = {
    "audit_firings",
    "SELECT format('firing (owner %s, %s at %s): is not the one that its machine says', coalesce(f.owner, t.owner), "
    "coalesce(f.schedule, t.data::json ->> 'schedule'), coalesce(f.at, (t.data::json ->> 'at')::bigint)) FROM "
    "ledger.firing f FULL JOIN (SELECT * FROM ledger.transition WHERE kind = 'firing' AND version = 1) AS t ON t.owner "
    "= f.owner AND t.instance = f.instance WHERE (f.schedule, f.at) IS DISTINCT FROM (t.data::json ->> 'schedule', "
    "(t.data::json ->> 'at')::bigint) LIMIT 1",
    false};
constexpr SqlStatement pins_statement = {
    "audit_pins",
    "SELECT format('machine_pin (%s %s): no instance was migrated to it, or its pin is gone', coalesce(p.kind, "
    "t.kind), "
    "coalesce(p.version, t.machine_version)) FROM ledger.machine_pin p FULL JOIN (SELECT DISTINCT kind, "
    "machine_version FROM ledger.transition WHERE machine_version > 1) AS t ON t.kind = p.kind AND t.machine_version = "
    "p.version WHERE p.kind IS NULL OR t.kind IS NULL LIMIT 1",
    false};
constexpr SqlStatement keys_statement = {
    "audit_keys",
    "SELECT format('api_key (owner %s, id %s, %s): is not the key that its machine says', coalesce(k.owner, t.owner), "
    "coalesce(k.id, (t.data::json ->> 'key')::bigint), coalesce(k.name, t.data::json ->> 'name')) FROM sealed.api_key "
    "k "
    "FULL JOIN (SELECT * FROM ledger.transition WHERE kind = 'key' AND version = 1) AS t ON t.owner = k.owner AND "
    "t.instance = k.instance WHERE (k.id::text, k.name, k.key_version::text, k.venue, k.account, k.purpose, "
    "k.fingerprint) IS DISTINCT FROM (t.data::json ->> 'key', t.data::json ->> 'name', t.data::json ->> 'key_version', "
    "t.data::json ->> 'venue', t.data::json ->> 'account', t.data::json ->> 'purpose', t.data::json ->> 'fingerprint') "
    "LIMIT 1",
    false};

// A row is written in the commit call whose link tells the time of its end. An hour each way is room for any wait, and
// for a clock that was set.
constexpr SqlStatement times_statement = {
    "audit_times",
    "SELECT CASE WHEN u.version IS NULL THEN format('link (shard %s, seq %s): its lists are not of one length', "
    "l.shard, "
    "l.seq) ELSE format('%s (owner %s, instance %s, version %s): its wall time is not that of its link', CASE WHEN "
    "u.token "
    "IS NULL THEN 'transition' ELSE 'refusal' END, u.owner, u.instance, u.version) END FROM ledger.link l CROSS JOIN "
    "LATERAL unnest(l.owners, l.instances, l.versions, l.tokens) AS u (owner, instance, version, token) "
    "LEFT JOIN ledger.transition t ON u.token IS NULL AND t.owner = u.owner AND t.instance = u.instance AND t.version "
    "= u.version LEFT JOIN ledger.refusal r ON r.owner = u.owner AND r.instance = u.instance AND r.version = u.version "
    "AND r.token = u.token WHERE u.version IS NULL OR coalesce(t.wall_at, r.wall_at) NOT BETWEEN l.wall_at - interval "
    "'1 hour' AND "
    "l.wall_at + interval '1 hour' ORDER BY u.owner, u.instance, u.version LIMIT 1",
    false};

}  // namespace

const std::vector<HouseQuestion>& house_questions() {
  static const std::vector<HouseQuestion> questions = {
      {times_pass, times_statement, false, false},        {births_pass, births_statement, false, false},
      {births_pass, shards_statement, false, false},      {jobs_pass, jobs_statement, true, true},
      {jobs_pass, missing_jobs_statement, false, true},   {jobs_pass, stranded_statement, false, true},
      {cursor_pass, cursor_statement, false, true},       {rows_pass, shard_rows_statement, false, true},
      {roles_pass, roles_statement, false, true},         {rows_pass, owners_statement, false, true},
      {controls_pass, controls_statement, false, false},  {controls_pass, firings_statement, false, false},
      {controls_pass, pins_statement, false, false},      {controls_pass, keys_statement, false, false},
      {records_pass, statements_statement, false, false},
  };
  return questions;
}

}  // namespace ledger::audit
