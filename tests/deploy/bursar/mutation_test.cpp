// tests/deploy/bursar/mutation_test.cpp: every column of every table of a real house is changed in one row, behind
// every trigger's back, and verification names it; or COVERAGE.md says that it is not covered, and why. A new column
// fails here until somebody decides. The same for a row put in and a row taken out of each table.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "tests/deploy/bursar/coverage_ground.hpp"

namespace tests {
namespace {

struct Column {
  std::string name, type;
  bool is_key = false;     // of the primary key
  bool is_unique = false;  // of any unique index
  bool is_identity = false;
  std::vector<std::string> words;  // text that a CHECK of the table names
};
struct Table {
  std::string schema, name;
  std::int64_t rows = 0;
  std::vector<Column> columns;
  [[nodiscard]] std::string full() const { return schema + "." + name; }
};

// As the catalogs have them.
std::vector<Table> tables_of(CoverageGround& ground) {
  const auto rows = ground.ask(
      "SELECT n.nspname, c.relname, a.attname, format_type(CASE y.typtype WHEN 'd' THEN y.typbasetype ELSE y.oid END, "
      "-1), "
      "EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisprimary AND a.attnum = ANY (x.indkey)), "
      "EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisunique AND a.attnum = ANY (x.indkey)), "
      "a.attidentity <> '', (SELECT coalesce(array_agg(m[1]), '{}') FROM pg_constraint k, "
      "regexp_matches(pg_get_constraintdef(k.oid), '''([^'']*)''', 'g') AS m WHERE k.conrelid = c.oid AND k.contype = "
      "'c' "
      "AND k.conkey @> ARRAY[a.attnum])::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN "
      "pg_namespace n ON n.oid = "
      "c.relnamespace JOIN pg_type y ON y.oid = a.atttypid WHERE n.nspname IN ('ledger', 'sealed') AND c.relkind = 'r' "
      "AND "
      "a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2, a.attnum");
  std::vector<Table> tables;
  for (int row = 0; row < rows.size(); ++row) {
    const std::string schema(rows.text(row, 0)), name(rows.text(row, 1));
    if (tables.empty() || tables.back().full() != schema + "." + name)
      tables.push_back(
          {schema, name, ground.ask(fmt::format("SELECT count(*) FROM {}.{}", schema, name)).number(0, 0), {}});
    Column column{std::string(rows.text(row, 2)),
                  std::string(rows.text(row, 3)),
                  rows.flag(row, 4),
                  rows.flag(row, 5),
                  rows.flag(row, 6),
                  {}};
    for (const auto& word : ledger::array_items(rows.text(row, 7)))
      if (word) column.words.push_back(*word);
    tables.back().columns.push_back(std::move(column));
  }
  return tables;
}

// Other values of this type, as SQL; a CHECK may refuse some.
std::vector<std::string> other_values(const Column& column) {
  const std::string& c = column.name;
  if (column.is_identity) return {"DEFAULT"};
  if (column.type == "boolean") return {"NOT " + c};
  if (column.type == "bytea") return {fmt::format("set_byte({0}, 0, get_byte({0}, 0) # 1)", c), "'\\x00'"};
  if (column.type == "uuid") return {"gen_random_uuid()"};
  if (column.type == "text[]") return {fmt::format("{} || 'x'::text", c)};
  if (column.type.ends_with("[]")) return {fmt::format("{0} || {0}", c)};
  if (column.type.starts_with("timestamp")) return {fmt::format("{} + interval '90 minutes'", c)};
  if (column.type == "text") {
    std::vector<std::string> values = {fmt::format("coalesce({}, '') || 'x'", c)};
    for (const std::string& word : column.words) values.push_back("'" + word + "'");
    values.push_back(fmt::format("reverse({})", c));
    return values;
  }
  return {fmt::format("coalesce({}, 0) + 1000", c), fmt::format("{} + 1", c), fmt::format("{} - 1", c)};
}

// One row of the table: the n-th of those that are looked at.
std::string row_of(const Table& table, int nth) {
  return fmt::format("ctid = (SELECT ctid FROM {0} ORDER BY ctid {1} LIMIT 1)", table.full(),
                     nth == 0 ? "DESC" : "ASC");
}

// A copy of a row, under another key.
std::vector<std::string> copies_of(const Table& table, int nth) {
  std::vector<std::string> inserts;
  for (const int others : {0, 1, 2}) {
    const auto last_key =
        std::find_if(table.columns.rbegin(), table.columns.rend(), [](const Column& c) { return c.is_key; });
    std::string names, values;
    for (const Column& column : table.columns) {
      const bool is_last_key = last_key != table.columns.rend() && &column == &*last_key;
      const bool is_other =
          others == 0 ? is_last_key : column.is_unique && (others == 2 || is_last_key || !column.is_key);
      Column as = column;
      as.is_identity = false;
      names += (names.empty() ? "" : ", ") + column.name;
      values += (values.empty() ? "" : ", ") + (is_other ? other_values(as)[0] : column.name);
    }
    inserts.push_back(
        fmt::format("INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE SELECT {2} FROM {0} WHERE {3} RETURNING 1",
                    table.full(), names, values, row_of(table, nth)));
  }
  return inserts;
}

// What a change of a table may be named by: a row of it, or one that is computed from it.
const std::map<std::string, std::vector<std::string>> named_by = {
    {"account", {"account (", "accounts from", "entry (", "vault (", "sleeve (", "asset ", "posting ("}},
    {"api_key", {"api_key (", "instance ("}},
    {"asset", {"asset ", "vault (", "sleeve ("}},
    {"bar", {"bars of instrument", "feed ("}},
    {"control", {"control (", "owner ("}},
    {"deployment", {"deployment: "}},
    {"entry", {"entry (", "posting (", "account ("}},
    {"feed", {"feed (", "feed of instrument"}},
    {"fill_claim", {"fill ("}},
    {"foreign_fill", {"foreign_fill (", "statement (", "fill ("}},
    {"function_set", {"function set ", "migration "}},
    {"hold", {"hold (", "posting (", "account ("}},
    {"instance", {"instance (", "instances from", "transition ("}},
    {"instrument", {"instrument ", "sleeve ("}},
    {"job", {"job (", "instance ("}},
    {"leaving", {"leaving "}},
    {"link", {"link (", "shard ", "transition (", "refusal ("}},
    {"migration", {"migration "}},
    {"owner", {"owner ", "control ("}},
    {"pause", {"pause (", "control ("}},
    {"posting", {"posting (", "transition (", "entry (", "hold ("}},
    {"refusal", {"refusal (", "link ("}},
    {"setting", {"setting "}},
    {"shard", {"shard ", "link ("}},
    {"sleeve", {"sleeve (", "transition ("}},
    {"vault", {"vault (", "transition ("}},
    {"statement", {"statement (", "fill ("}},
    {"statement_line", {"statement_line (", "statement ("}},
    {"transition", {"transition (", "instance (", "posting (", "link (", "refusal (", "vault (", "sleeve (", "fill ("}},
};

bool is_named(const std::string& problem, const std::string& table) {
  const auto known = named_by.find(table);
  if (known == named_by.end()) return problem.starts_with(table + " (");
  return std::any_of(known->second.begin(), known->second.end(),
                     [&](const std::string& name) { return problem.starts_with(name); });
}

class Mutation : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    ground_ = &CoverageGround::of_this_program();
    tables_ = tables_of(*ground_);
    ASSERT_GT(tables_.size(), 20U);
  }
  // The first of these that PostgreSQL does and that changes anything; `refused` where its constraints allow none.
  CoverageGround::Found after_the_first(const std::vector<std::string>& ways) {
    CoverageGround::Found found;
    for (const std::string& way : ways) {
      found = ground_->after({way});
      if (found.refused.empty() && found.changed) return found;
    }
    return found;
  }
  CoverageGround* ground_ = nullptr;
  std::vector<Table> tables_;
  CoveragePage page_ = read_coverage_page();
};

TEST_F(Mutation, ASoundHouseThatHasHadABitOfEverythingHasNothingToName) { EXPECT_EQ(ground_->problem(), ""); }

TEST_F(Mutation, EveryTableHasARowAndEveryColumnThatIsListedIsThere) {
  std::set<std::string> columns, names;
  for (const Table& table : tables_) {
    names.insert(table.name);
    bool is_covered = false;
    for (const Column& column : table.columns) {
      columns.insert(table.name + "." + column.name);
      is_covered = is_covered || !page_.columns.contains(table.name + "." + column.name);
    }
    if (!is_covered) continue;
    EXPECT_EQ(table.rows == 0, page_.empty.contains(table.name)) << table.full() << " has " << table.rows << " rows";
  }
  EXPECT_EQ(names.size(), tables_.size()) << "a name of two schemas";
  for (const auto& [column, why] : page_.columns) EXPECT_TRUE(columns.contains(column)) << column;
  for (const auto& [row, why] : page_.rows) EXPECT_TRUE(names.contains(row.first)) << row.first;
  for (const auto& [table, why] : page_.empty) EXPECT_TRUE(names.contains(table)) << table;
}

// What an attack by hand once found unnamed can't be put on the list of what is not covered.
TEST_F(Mutation, WhatWasOnceMissedIsNotListed) {
  for (const char* column : {"instance.is_final",
                             "instance.sleeve",
                             "instance.parent",
                             "instance.born_ordinal",
                             "transition.wall_at",
                             "refusal.wall_at",
                             "bar.open",
                             "bar.high",
                             "bar.low",
                             "bar.close",
                             "bar.opens_at",
                             "feed.played_to",
                             "job.command",
                             "job.ordinal",
                             "owner.shard",
                             "deployment.name",
                             "control.epoch",
                             "control.frozen",
                             "control.reason",
                             "pause.scope",
                             "statement.venue",
                             "statement_line.total",
                             "foreign_fill.base",
                             "shard.head"}) {
    EXPECT_FALSE(page_.columns.contains(column)) << column;
    const std::string name(column);
    const auto table = std::find_if(tables_.begin(), tables_.end(),
                                    [&](const Table& one) { return name.starts_with(one.name + "."); });
    ASSERT_NE(table, tables_.end()) << column;
    EXPECT_TRUE(std::any_of(table->columns.begin(), table->columns.end(), [&](const Column& one) {
      return table->name + "." + one.name == name;
    })) << column;
  }
  for (const auto& [row, why] : page_.rows) EXPECT_EQ(row.first, "asset") << row.second;
}

TEST_F(Mutation, AChangedValueOfEveryColumnIsNamedOrListed) {
  int changed = 0;
  for (const Table& table : tables_)
    for (const Column& column : table.columns) {
      const std::string name = table.name + "." + column.name;
      if (table.rows == 0 || page_.columns.contains(name)) continue;
      for (int nth = 0; nth < (table.rows > 1 ? 2 : 1); ++nth) {
        std::vector<std::string> ways;
        for (const std::string& value : other_values(column))
          ways.push_back(
              fmt::format("UPDATE {0} SET {1} = {2} WHERE {3} AND {4} RETURNING 1", table.full(), column.name, value,
                          row_of(table, nth),
                          value == "DEFAULT" ? "true" : fmt::format("{} IS DISTINCT FROM {}", column.name, value)));
        const auto found = after_the_first(ways);
        ++changed;
        if (!found.refused.empty()) {
          std::cout << name << ": no other value is allowed: " << found.refused << "\n";
          continue;
        }
        EXPECT_TRUE(found.changed) << name << ": nothing was changed";
        EXPECT_TRUE(is_named(found.problem, table.name)) << name << " (row " << nth << "): " << found.problem;
      }
    }
  EXPECT_GT(changed, 150);
  EXPECT_EQ(ground_->problem(), "") << "all of it was undone";
}

TEST_F(Mutation, ARowPutInOrTakenOutOfEveryTableIsNamedOrListed) {
  for (const Table& table : tables_) {
    const bool is_covered = std::any_of(table.columns.begin(), table.columns.end(), [&](const Column& column) {
      return !page_.columns.contains(table.name + "." + column.name);
    });
    if (table.rows == 0 || !is_covered) continue;
    if (!page_.rows.contains({table.name, "put in"})) {
      const auto found = after_the_first(copies_of(table, 0));
      if (!found.refused.empty())
        std::cout << table.full() << ": no other row is allowed: " << found.refused << "\n";
      else
        EXPECT_TRUE(is_named(found.problem, table.name)) << table.full() << ", a row put in: " << found.problem;
    }
    if (page_.rows.contains({table.name, "taken out"})) continue;
    for (int nth = 0; nth < (table.rows > 1 ? 2 : 1); ++nth) {
      const auto found =
          ground_->after({fmt::format("DELETE FROM {} WHERE {} RETURNING 1", table.full(), row_of(table, nth))});
      EXPECT_EQ(found.refused, "") << table.full();
      EXPECT_TRUE(is_named(found.problem, table.name)) << table.full() << ", a row taken out: " << found.problem;
    }
  }
}

}  // namespace
}  // namespace tests
