// tests/ledger/store/catalog.hpp: everything in our two schemas but the rows, as text to compare: what verification
// calls definitions, with who may use them.
#pragma once

#include <string>

#include "tests/support/cluster.hpp"

namespace tests {

// One line each, sorted: functions, triggers, columns in their order, constraints, indexes, views, types, grants.
inline std::string catalog_of(const std::string& database) {
  static const std::string ours = " IN ('ledger'::regnamespace, 'sealed'::regnamespace)";
  static const std::string grants = "(SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(";
  const std::string sql =
      "SELECT string_agg(x.line, E'\n' ORDER BY x.line COLLATE \"C\") FROM ("
      "SELECT format('%s %s', pg_get_functiondef(p.oid), " +
      grants + "coalesce(p.proacl, acldefault('f', p.proowner))) AS a)) AS line FROM pg_proc p WHERE p.pronamespace" +
      ours +
      " UNION ALL SELECT pg_get_triggerdef(t.oid) || t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = "
      "t.tgrelid WHERE c.relnamespace" +
      ours +
      " AND NOT t.tgisinternal UNION ALL SELECT format('%s column %s %s %s %s %s', c.oid::regclass, row_number() OVER "
      "(PARTITION BY c.oid ORDER BY a.attnum), a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
      "pg_get_expr(d.adbin, d.adrelid)) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef "
      "d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN "
      "('r', 'v', 'c') AND c.relnamespace" +
      ours +
      " UNION ALL SELECT format('%s %s %s %s', k.conrelid::regclass, k.contypid::regtype, k.conname, "
      "pg_get_constraintdef(k.oid)) FROM pg_constraint k WHERE k.contype <> 't' AND k.connamespace" +
      ours + " UNION ALL SELECT pg_get_indexdef(c.oid) FROM pg_class c WHERE c.relkind = 'i' AND c.relnamespace" +
      ours + " UNION ALL SELECT pg_get_viewdef(c.oid) FROM pg_class c WHERE c.relkind = 'v' AND c.relnamespace" + ours +
      " UNION ALL SELECT format('%s %s %s %s', c.oid::regclass, c.relkind, c.reloptions, " + grants +
      "coalesce(c.relacl, acldefault('r', c.relowner))) AS a)) FROM pg_class c WHERE c.relnamespace" + ours + ") AS x";
  return std::string(must_run(database, sql).text(0, 0));
}

}  // namespace tests
