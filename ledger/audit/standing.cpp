#include "ledger/audit/standing.hpp"

namespace ledger::audit {
namespace {

// Grants as text, whoever owns the object: "owner=..." for its owner.
std::string grants(const std::string& acl, const std::string& type, const std::string& owner) {
  return "coalesce((SELECT string_agg(CASE x.grantee WHEN 0 THEN 'PUBLIC' WHEN " + owner +
         " THEN 'owner' ELSE pg_get_userbyid(x.grantee) END || '=' || x.privilege_type || x.is_grantable, ',' ORDER BY "
         "x.grantee = " +
         owner + ", pg_get_userbyid(x.grantee), x.privilege_type) FROM aclexplode(coalesce(" + acl + ", acldefault('" +
         type + "', " + owner + "))) AS x), '')";
}

const std::string hash_of_value = "left(encode(sha256(convert_to(v.value, 'UTF8')), 'hex'), 32)";

// (is_definition, what, hash). The catalogs are asked, never a function of ours, which somebody may have replaced.
const std::string standing_sql =
    "SELECT v.is_definition, v.what, " + hash_of_value +
    " AS hash FROM ("
    "SELECT false AS is_definition, 'deployment' AS what, encode(name, 'hex') AS value FROM ledger.deployment "
    "UNION ALL SELECT false, 'owner ' || id, name FROM ledger.owner "
    "UNION ALL SELECT false, 'asset ' || id, concat_ws('|', code, scale) FROM ledger.asset "
    "UNION ALL SELECT false, 'instrument ' || id, concat_ws('|', symbol, base, quote, lot, min_notional, maker_ppm, "
    "taker_ppm) FROM ledger.instrument "
    "UNION ALL SELECT false, 'setting ' || key, value FROM ledger.setting "
    "UNION ALL SELECT false, 'feed of instrument ' || instrument, concat_ws('|', file, sha256, import) FROM "
    "ledger.feed "
    "UNION ALL SELECT false, 'bars of instrument ' || instrument, string_agg(concat_ws('|', opens_at, open, high, low, "
    "close, open_sound, close_sound), ' ' ORDER BY opens_at) FROM ledger.bar GROUP BY instrument "
    "UNION ALL SELECT false, format('leaving %s %s', kind, event), '' FROM ledger.leaving "
    "UNION ALL SELECT false, 'migration ' || number, concat_ws('|', name, sha256) FROM ledger.migration "
    "UNION ALL SELECT false, 'function set ' || number, sha256 FROM ledger.function_set "
    "UNION ALL SELECT true, format('function %s.%s(%s)', n.nspname, p.proname, "
    "pg_get_function_identity_arguments(p.oid)), "
    "pg_get_functiondef(p.oid) || " +
    grants("p.proacl", "f", "p.proowner") +
    " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('ledger', 'sealed') AND "
    "p.prokind "
    "<> 'a' "
    "UNION ALL SELECT true, format('trigger %s on %s.%s', t.tgname, n.nspname, c.relname), pg_get_triggerdef(t.oid) || "
    "t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = "
    "c.relnamespace "
    "WHERE n.nspname IN ('ledger', 'sealed') AND NOT t.tgisinternal "
    "UNION ALL SELECT true, format('constraint %s of %s.%s', k.conname, n.nspname, coalesce(c.relname, y.typname)), "
    "pg_get_constraintdef(k.oid) || k.convalidated FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace "
    "LEFT JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_type y ON y.oid = k.contypid WHERE n.nspname IN "
    "('ledger', "
    "'sealed') "
    "UNION ALL SELECT true, format('index %s.%s', n.nspname, c.relname), pg_get_indexdef(c.oid) FROM pg_class c JOIN "
    "pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('ledger', 'sealed') AND c.relkind = 'i' "
    "UNION ALL SELECT true, format('column %s of %s.%s', a.attname, n.nspname, c.relname), format('%s|%s|%s', "
    "format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) FROM pg_attribute a JOIN "
    "pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attrdef d ON "
    "d.adrelid = "
    "a.attrelid AND d.adnum = a.attnum WHERE n.nspname IN ('ledger', 'sealed') AND c.relkind IN ('r', 'v') AND "
    "a.attnum > "
    "0 AND NOT a.attisdropped "
    "UNION ALL SELECT true, format('%s %s.%s and its grants', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'S' THEN "
    "'sequence' "
    "ELSE 'table' END, n.nspname, c.relname), concat(c.relkind, c.relrowsecurity, CASE c.relkind WHEN 'v' THEN "
    "pg_get_viewdef(c.oid) END, CASE c.relkind WHEN 'S' THEN " +
    grants("c.relacl", "s", "c.relowner") + " ELSE " + grants("c.relacl", "r", "c.relowner") +
    " END) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('ledger', 'sealed') AND "
    "c.relkind IN ('r', 'v', 'S') "
    "UNION ALL SELECT true, format('schema %s and its grants', n.nspname), " +
    grants("n.nspacl", "n", "n.nspowner") +
    " FROM pg_namespace n WHERE n.nspname IN ('ledger', 'sealed') "
    "UNION ALL SELECT true, format('rule %s on %s.%s', r.rulename, n.nspname, c.relname), pg_get_ruledef(r.oid) FROM "
    "pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname "
    "IN "
    "('ledger', 'sealed')) AS v";

// What the chain holds. `definitions` are in the record of a migration or a set of functions alone.
const std::string recorded_sql =
    "SELECT i.id, (t.data::jsonb ->> 'migration')::int AS migration, (t.data::jsonb ->> 'functions')::int AS "
    "functions, t.data::jsonb -> 'facts' AS facts, nullif(t.data::jsonb -> 'definitions', 'null') AS definitions FROM "
    "ledger.instance i JOIN ledger.transition t ON t.owner = i.owner AND t.instance = i.id AND t.version = 1 WHERE "
    "i.owner = 1 AND i.kind = 'intervention' AND t.data::jsonb ->> 'what' = 'standing'";

const std::string newest_sql =
    "newest AS (SELECT (SELECT max(number) FROM ledger.migration) AS migration, (SELECT max(number) FROM "
    "ledger.function_set) AS functions)";

// All of it after a migration or a set; else the facts that came since: an asset or an owner may be opened at any time.
const std::string record_sql =
    "WITH held AS MATERIALIZED (" + recorded_sql + "), " + newest_sql +
    ", whole AS (SELECT EXISTS (SELECT FROM held h JOIN newest USING (migration, functions) WHERE h.definitions IS "
    "NOT NULL) AS stands), "
    "fresh AS MATERIALIZED (SELECT s.* FROM (" +
    standing_sql +
    ") AS s CROSS JOIN whole w WHERE NOT w.stands OR NOT "
    "s.is_definition AND NOT EXISTS (SELECT FROM held h WHERE h.facts ? s.what)) "
    "SELECT ledger.record_standing(1, (SELECT jsonb_build_object('what', 'standing', 'who', 'bursar up', 'why', 'what "
    "must stand as it was made', 'migration', (SELECT migration FROM newest), 'functions', (SELECT functions FROM "
    "newest), 'facts', jsonb_object_agg(f.what, f.hash) FILTER (WHERE NOT f.is_definition), 'definitions', "
    "jsonb_object_agg(f.what, f.hash) FILTER (WHERE f.is_definition)) FROM fresh f)::text) WHERE EXISTS (SELECT FROM "
    "fresh)";

// A fact is compared with every record that has it, a definition with the last record alone. What a house has all of
// before its first record can't be added; an asset and an owner can (house.cpp and the openings judge those).
const std::string compare_sql =
    "WITH held AS MATERIALIZED (" + recorded_sql + "), " + newest_sql +
    ", last AS (SELECT h.*, (h.migration, h.functions) IS NOT DISTINCT FROM (n.migration, n.functions) AS is_newest "
    "FROM held h CROSS JOIN newest n WHERE h.definitions IS NOT NULL ORDER BY h.migration DESC, h.functions DESC, "
    "h.id DESC LIMIT 1), "
    "present AS MATERIALIZED (" +
    standing_sql +
    "), "
    "said AS (SELECT false AS is_definition, f.key AS what, f.value AS hash FROM held h, jsonb_each_text(h.facts) "
    "AS f UNION ALL SELECT true, d.key, d.value FROM last l, jsonb_each_text(l.definitions) AS d) "
    "SELECT x.problem FROM ("
    "SELECT 1 AS at, s.what, format('%s: %s', s.what, CASE WHEN p.what IS NULL THEN 'is gone' ELSE 'is not what it was "
    "when "
    "it was made' END) AS problem FROM said s LEFT JOIN present p ON p.is_definition = s.is_definition AND p.what = "
    "s.what "
    "WHERE p.hash IS DISTINCT FROM s.hash "
    "UNION ALL SELECT 2, p.what, format('%s: %s', p.what, CASE WHEN p.is_definition THEN 'no migration and no set of "
    "functions made it' ELSE "
    "'was put "
    "there after what stands was put on record' END) FROM present p WHERE (p.is_definition OR p.what !~ "
    "'^(asset|owner) ') AND "
    "EXISTS (SELECT FROM last WHERE is_newest) AND NOT EXISTS (SELECT "
    "FROM said s "
    "WHERE s.is_definition = p.is_definition AND s.what = p.what) "
    "UNION ALL SELECT 3, '', format('migration %s with set %s of the functions: what they made is not on record, only "
    "what migration %s with set %s made; `bursar up` records it', n.migration, n.functions, l.migration, l.functions) "
    "FROM last l CROSS JOIN newest n WHERE NOT l.is_newest) AS x ORDER BY x.at, x.what LIMIT 1";

}  // namespace

Stored<bool> record_standing(Connection& connection) {
  const auto rows = connection.call({"record_standing", record_sql.c_str()});
  if (!rows) return machines::fail(rows.error());
  return !rows->empty();
}

SqlStatement definitions_statement() { return {"audit_standing_things", compare_sql.c_str(), false}; }

}  // namespace ledger::audit
