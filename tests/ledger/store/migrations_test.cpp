// tests/ledger/store/migrations_test.cpp: tables by numbered files, functions as one set that is put in whole; what a
// database must not be is refused by name, and nothing is touched.
#include "ledger/store/migrations.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "ledger/store/dsn.hpp"
#include "schemas/sql/migrations.hpp"
#include "tests/ledger/store/catalog.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class Migrations : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    database_ = fresh_database();
  }
  void TearDown() override {
    if (!database_.empty()) drop_database(database_);
  }
  // How many were applied, or why not.
  std::string migrate() const {
    ledger::Connection connection(dsn(database_));
    const auto done = ledger::migrate(connection);
    return done ? std::to_string(*done) : done.error().text;
  }
  // Why a command that only looks can't; empty where it can.
  std::string objection() const {
    ledger::Connection connection(dsn(database_));
    const auto said = ledger::schema_objection(connection);
    return said ? said->value_or("") : said.error().text;
  }
  std::string ask(const std::string& sql) const { return std::string(must_run(database_, sql).text(0, 0)); }
  std::string catalog() const { return catalog_of(database_); }
  // Refused with these words, and everything as it was.
  template <class Matcher>
  void expect_refused(Matcher words) const {
    const std::string before = catalog();
    EXPECT_THAT(migrate(), words);
    EXPECT_EQ(catalog(), before);
  }
  std::string database_;
};

TEST(FunctionSets, TheLastLineIsTodaysFiles) {
  const auto sets = ledger::known_function_sets();
  EXPECT_EQ(sets.back().sha256, ledger::sha256_of_functions())
      << "a function was changed: add this line to schemas/sql/functions/sets.txt (what stands there stays)\n"
      << sets.back().number + 1 << " " << ledger::sha256_of_functions();
}

TEST_F(Migrations, ASecondTimeChangesNothing) {
  EXPECT_EQ(migrate(), "0");
  EXPECT_EQ(ask("SELECT number FROM ledger.function_set"), std::to_string(ledger::known_function_sets().back().number));
  EXPECT_EQ(ask("SELECT count(*) FROM ledger.migration"), std::to_string(ledger::newest_migration()));
}

// PostgreSQL reads the body of an SQL function when it is made, which the migrating process forgoes.
TEST_F(Migrations, EveryBodyIsSound) {
  const auto rows = must_run(database_,
                             "SELECT p.oid::regprocedure, pg_get_functiondef(p.oid) FROM pg_proc p WHERE "
                             "p.pronamespace IN ('ledger'::regnamespace, 'sealed'::regnamespace)");
  ASSERT_GT(rows.size(), 100);
  ledger::Connection connection(dsn(database_));
  for (int row = 0; row < rows.size(); ++row) {
    const auto made = connection.run("SET check_function_bodies = on; " + std::string(rows.text(row, 1)));
    EXPECT_TRUE(made) << rows.text(row, 0) << ": " << made.error().text;
  }
}

TEST_F(Migrations, NothingButATriggerUsesAFunctionOfOurs) {
  EXPECT_EQ(ask("SELECT coalesce(string_agg(pg_describe_object(d.classid, d.objid, d.objsubid), '; '), '') FROM "
                "pg_depend d JOIN pg_proc p ON p.oid = d.refobjid AND d.refclassid = 'pg_proc'::regclass WHERE "
                "p.pronamespace IN ('ledger'::regnamespace, 'sealed'::regnamespace) AND d.classid <> "
                "'pg_trigger'::regclass"),
            "")
      << "such a thing would stand in the way of the next set";
}

// As an earlier set would have left it: other texts, parameters and rights, functions that are no more, no trigger.
TEST_F(Migrations, ASetIsPutInWhole) {
  const std::string whole = catalog();
  must_run(database_,
           "DELETE FROM ledger.function_set; DROP TRIGGER immutable ON ledger.asset; "
           "CREATE TRIGGER of_before BEFORE INSERT ON ledger.asset EXECUTE FUNCTION ledger.forbid_change(); "
           "DROP FUNCTION ledger.seats(); CREATE FUNCTION ledger.seats(x int) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
           "CREATE FUNCTION ledger.seats(x text) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
           "CREATE FUNCTION sealed.gone() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
           "DROP FUNCTION ledger.lp_utf8(text); GRANT EXECUTE ON FUNCTION ledger.commit TO PUBLIC; "
           "GRANT INSERT ON ledger.posting TO bursar_service");
  EXPECT_NE(catalog(), whole);
  EXPECT_EQ(migrate(), "1");
  EXPECT_EQ(catalog(), whole);
  EXPECT_EQ(migrate(), "0");
}

TEST_F(Migrations, AMigrationRunsWhereThereIsNoFunctionAndTheSetFollowsIt) {
  const std::string whole = catalog();
  const int newest = ledger::newest_migration();
  must_run(database_,
           fmt::format("DELETE FROM ledger.migration WHERE number = {}; DROP VIEW ledger.live_firing CASCADE;"
                       " DROP TABLE ledger.firing, ledger.schedule",
                       newest));
  EXPECT_EQ(migrate(), "1") << "the last file, and the same set again";
  EXPECT_EQ(catalog(), whole);
}

TEST_F(Migrations, WhatStandsInTheWayLeavesEverythingAsItWas) {
  must_run(database_, "DELETE FROM ledger.function_set; CREATE VIEW ledger.mine AS SELECT * FROM ledger.seats()");
  expect_refused(AllOf(StartsWith("the set in force: "), HasSubstr("seats")));
  EXPECT_EQ(ask("SELECT count(*) FROM ledger.function_set"), "0");
}

TEST_F(Migrations, ANewerSetIsRefused) {
  const int known = ledger::known_function_sets().back().number;
  must_run(database_, fmt::format("INSERT INTO ledger.function_set (number, sha256) VALUES ({}, 'x')", known + 2));
  expect_refused(
      fmt::format("the database has set {} of the functions, newer than this program's ({}): use the newer bursar",
                  known + 2, known));
}

TEST_F(Migrations, AnotherSetOfTheSameNumberIsRefused) {
  must_run(database_, "UPDATE ledger.function_set SET sha256 = repeat('0', 64)");
  expect_refused(AllOf(StartsWith("set "), HasSubstr("of the functions differs from the one that was applied here")));
}

TEST_F(Migrations, AnotherOrANewerMigrationIsRefused) {
  must_run(database_, "UPDATE ledger.migration SET sha256 = repeat('0', 64) WHERE number = 2");
  expect_refused(StartsWith("migration 2 (0002_brokers.sql) differs from the file that was applied here"));
  drop_database(database_);
  database_ = fresh_database();
  must_run(database_,
           "INSERT INTO ledger.migration (number, name, sha256) SELECT max(number) + 1, 'x', 'x' FROM "
           "ledger.migration");
  expect_refused(HasSubstr("newer than this program"));
  must_run(database_, "DELETE FROM ledger.migration WHERE number = 1");
  expect_refused(HasSubstr("migration 1 is missing"));
}

// What databases looked like before there were sets.
TEST_F(Migrations, ASchemaOfBeforeTheSetsIsRefused) {
  must_run(database_,
           "DROP TABLE ledger.function_set; DELETE FROM ledger.migration WHERE number > 1; UPDATE ledger.migration SET "
           "name = '0001_ledger.sql'");
  const auto words = AllOf(StartsWith("this database has a schema of before the sets of functions (its newest "
                                      "migration is 0001_ledger.sql)"),
                           HasSubstr("make a new data folder"));
  expect_refused(words);
  EXPECT_THAT(objection(), words);
}

// What commands say that never migrate. A changed file is for verification to name, which they may be about to ask.
TEST_F(Migrations, WhoMigratesNothingGoesByTheNumbers) {
  EXPECT_EQ(objection(), "");
  must_run(database_, "UPDATE ledger.migration SET sha256 = repeat('0', 64)");
  EXPECT_EQ(objection(), "");
  must_run(database_, "DELETE FROM ledger.function_set");
  EXPECT_THAT(objection(), HasSubstr("with set 0 of the functions, older than this program"));
  must_run(database_, "INSERT INTO ledger.function_set (number, sha256) VALUES (1000, 'x')");
  EXPECT_THAT(objection(), StartsWith("the database has set 1000 of the functions, newer than this program's"));
  must_run(database_, "INSERT INTO ledger.migration (number, name, sha256) VALUES (1000, 'x', 'x')");
  EXPECT_THAT(objection(), StartsWith("the database is at migration 1000, newer than this program"));
  drop_database(database_);
  database_ = empty_database();
  EXPECT_EQ(objection(), "") << "no ledger at all is another complaint";
}

}  // namespace
}  // namespace tests
