// tests/ledger/rights_test.cpp: who may do what in PostgreSQL: the lists of rights.txt beside this file, and what
// logins with these roles meet.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "ledger/store/connection.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

using testing::StartsWith;

// A function, table, view or sequence a line, with whom it is granted to; "owner only" where to nobody.
constexpr const char* rights_sql =
    "SELECT y.line FROM (SELECT format('%s %s.%s: %s', x.what, n.nspname, x.name, coalesce((SELECT "
    "string_agg(format('%s %s', CASE a.grantee "
    "WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type), ', ' ORDER BY "
    "pg_get_userbyid(a.grantee) COLLATE \"C\", a.privilege_type) FROM aclexplode(coalesce(x.acl, acldefault(x.kind, "
    "x.owner))) AS a WHERE a.grantee <> x.owner), 'owner only')) AS line FROM ("
    "SELECT 'function' AS what, pronamespace AS space, proname AS name, proacl AS acl, 'f'::\"char\" AS kind, proowner "
    "AS "
    "owner FROM pg_proc UNION ALL "
    "SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'table' END, relnamespace, relname, "
    "relacl, "
    "CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", relowner FROM pg_class WHERE relkind IN ('r', 'v', 'S', "
    "'m', "
    "'p', 'f')) AS x JOIN pg_namespace n ON n.oid = x.space WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN "
    "('information_schema', 'public')) AS y ORDER BY y.line COLLATE \"C\"";

class Rights : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    database_ = fresh_database();
    must_run(database_, "SELECT ledger.open_owner('one', 7)");
  }
  // "" where it was done, else PostgreSQL's words, which begin with the error's number.
  std::string done_by(const std::string& login, const std::string& sql) const {
    ledger::Connection connection(login);
    const auto answer = connection.run(sql);
    return answer ? "" : answer.error().text;
  }
  std::string database_;
};

// Whoever makes a function decides who may call it, in its migration and in rights.txt.
TEST_F(Rights, EveryFunctionAndTableIsInTheListsOfThoseWhoMayUseIt) {
  std::string present;
  const auto rows = must_run(database_, rights_sql);
  for (int row = 0; row < rows.size(); ++row) present += std::string(rows.text(row, 0)) + "\n";
  EXPECT_EQ(present, read_text(BURSAR_SOURCE_DIR "/tests/ledger/rights.txt"))
      << "grant by name what is new, or leave it to the owner; then write that into tests/ledger/rights.txt";
}

TEST_F(Rights, ARoleHasNoOthersRightsButTheirs) {
  const auto rows = must_run(
      database_,
      "SELECT string_agg(format('%s in %s', m.rolname, r.rolname), '; ' ORDER BY m.rolname COLLATE \"C\", r.rolname) "
      "FROM "
      "pg_auth_members a JOIN pg_roles m ON m.oid = a.member JOIN pg_roles r ON r.oid = a.roleid WHERE m.rolname LIKE "
      "'bursar\\_%'");
  EXPECT_EQ(rows.text(0, 0), "bursar_keeper in bursar_service; bursar_mover in bursar_service");
}

TEST_F(Rights, WhatALaterMigrationMakesIsNobodysUntilItIsGranted) {
  must_run(database_,
           "CREATE FUNCTION ledger.mint() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; CREATE TABLE "
           "ledger.purse (x int)");
  for (const char* role : {"bursar_service", "bursar_operator", "bursar_keeper", "bursar_mover"}) {
    const std::string login = new_login(database_, fmt::format("later_{}", role), role);
    EXPECT_THAT(done_by(login, "SELECT ledger.mint()"), StartsWith("[42501]")) << role;
    EXPECT_THAT(done_by(login, "INSERT INTO ledger.purse VALUES (1)"), StartsWith("[42501]")) << role;
  }
}

// What people order, as a statement each.
constexpr const char* orders[] = {
    "SELECT ledger.impose(1, 'freeze', '', '', 'all', 'ann', 'a drill')",
    "SELECT ledger.lift(1, 'freeze', '', '', 'ann', 'over')",
    "SELECT ledger.impose(1, 'pause', 'owner', '', '', 'ann', 'a drill')",
    "SELECT ledger.halt(1, 'kind', 'order', 'ann', 'a drill')",
    "SELECT ledger.free_held(10)",
    "SELECT ledger.open_asset('USDT', 8)",
    "SELECT ledger.open_asset('ETH', 18)",
    "SELECT ledger.open_owner('two', 8)",
    "SELECT ledger.open_instrument('ETH/USDT', 2, 1, 100000000000000, 1000000000, 1000, 1000)",
    R"(SELECT ledger.open_vault(1, 'core', 'paper', 'main', 1, '{"reserve":{"rule":"none"}}', 'ann', 'first', 1000))",
    "SELECT ledger.open_sleeve(1, 1, 'quiet', 'quiet', 1, '{}', NULL, 'ann', 'first', 1000)",
    "SELECT ledger.hold_for_person(1, 1, 1)",
    "SELECT ledger.record_resolution(1, '{\"what\": \"resolve\"}')",
    "SELECT ledger.record_migration(1, '{\"what\": \"migrate\"}')",
    "SELECT ledger.migrate_instance(1, 1, 'order', 1, 2, 'drafted', 'drafted', false)",
    "SELECT * FROM ledger.intervene(1, 'retry', '{1}', '{1}', '{0}', 'ann', 'a drill')",
    "SELECT ledger.cancel_job(1, 1, 1, 0, 'drafted', 'cancel', 'ann', 'a drill')",
    "SELECT * FROM ledger.fire(1, 'review', 0, 0, 'ann', 'a drill')",
    "SELECT count(*) FROM ledger.jobs_seen(1, '', '', '', '', 0, '', 0)",
};

TEST_F(Rights, WhatPeopleOrderIsRefusedToBrokersAndWorkers) {
  const std::string worker = new_login(database_, "worker_ann", "bursar_service");
  for (const char* order : orders) EXPECT_THAT(done_by(worker, order), StartsWith("[42501]")) << order;
  EXPECT_THAT(done_by(worker, "SELECT * FROM ledger.jobs_seen(1, '', '', '', '', 0, '', 0)"), StartsWith("[42501]"));
  EXPECT_THAT(done_by(worker, "SELECT ledger.own_shards('mine')"), StartsWith("[42501]"));
  EXPECT_EQ(done_by(worker, "SELECT * FROM ledger.take('{7}', 1000, 10, 'mine')"), "") << "its own work is not";
}

TEST_F(Rights, AnOperatorDoesItAndNothingElse) {
  const std::string ann = new_login(database_, "ann", "bursar_operator");
  for (const char* order : orders)  // [42...]: no right, or no such function
    EXPECT_THAT(done_by(ann, order), testing::Not(StartsWith("[42"))) << order;
  for (const char* order : {orders[0], orders[1], orders[2], orders[5], orders[12]})
    EXPECT_EQ(done_by(ann, order), "") << order;
  constexpr const char* forbidden[] = {
      // World time is the feed's row.
      "UPDATE ledger.feed SET played_to = 1",
      "INSERT INTO ledger.feed (instrument, file, sha256, import, played_to) VALUES (1, '', '', '', 1)",
      "INSERT INTO ledger.bar VALUES (1, 1)",
      "SELECT * FROM ledger.take('{7}', 1000, 10, 'mine')",
      "SELECT ledger.own_shards('mine')",
      "SELECT ledger.submit_event(1, 1, 'fill', 1)",
      "SELECT ledger.record_move(1, 'till', 0, 0, '', 'open', 'open', 0, false, '{}', 1)",
      "SELECT ledger.record_standing(1, '{\"what\": \"standing\"}')",
      "SELECT * FROM sealed.seal",
      "SELECT sealed.use_master_key('0123456789abcdef', '\\x00')",
      "UPDATE ledger.account SET limited = false",
      "SET ROLE bursar_owner",
      "SET ROLE bursar_service",
  };
  for (const char* sql : forbidden) EXPECT_THAT(done_by(ann, sql), StartsWith("[42501]")) << sql;
  EXPECT_EQ(must_run(database_,
                     "SELECT count(*) FROM pg_proc WHERE proname = 'commit' AND has_function_privilege('ann', "
                     "oid, 'EXECUTE')")
                .number(0, 0),
            0);
  for (const char* record : {"record_migration", "record_resolution", "record_checkpoint"})
    for (const char* of : {"{\"what\": \"standing\"}", "{}", "{\"what\": null}"})
      EXPECT_THAT(done_by(ann, fmt::format("SELECT ledger.{}(1, '{}')", record, of)), StartsWith("[BU013]"))
          << record << " " << of << ": what verification believes is not an operator's to write";
}

}  // namespace
}  // namespace tests
