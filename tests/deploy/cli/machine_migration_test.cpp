// Instances go to another version of their machine, by a catalog of the test's own: only version 1 is shipped.
#include "deploy/cli/machine_migration.hpp"

#include <gmock/gmock.h>

#include "ledger/audit/verify.hpp"
#include "ledger/store/connection.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using deploy::MachineMigration;
using testing::HasSubstr;

machines::catalog::Version version(int number, std::vector<std::string_view> states) {
  machines::catalog::Version made;
  made.number = number;
  made.states = std::move(states);
  made.finals = {"shut"};
  return made;
}

const machines::catalog::Catalog& tills_of_two_versions() {
  static const machines::catalog::Catalog made = {
      {"till",
       machines::catalog::MovedBy::workers,
       false,
       {version(1, {"open", "counting", "shut"}), version(2, {"open", "ajar", "counting", "shut"})}}};
  return made;
}

class MachineVersions : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    database = fresh_database();
    must_run(database, "SELECT ledger.open_owner('default', 3)");
    connection.emplace(dsn(database));
    for (int n = 0; n < 5; ++n)
      last = must_run(database, std::string("SELECT ledger.record_move(1, 'till', 0, 0, '', '") +
                                    (n < 3 ? "open" : "counting") + "', 'start', 0, false, '{}', 1000, 'count', 1000)")
                 .number(0, 0);
  }
  void TearDown() override {
    if (database.empty()) return;
    const auto verdict = ledger::audit::verify(*connection);
    EXPECT_EQ(verdict ? verdict->problem : verdict.error().text, "");
  }
  deploy::Migrated migrate(const schemas::config::StateMap& map, MachineMigration order = {}) {
    order.kind = "till";
    order.why = "a better table";
    auto made = deploy::migrate_machines(*connection, tills_of_two_versions(), order, map, "ann");
    EXPECT_TRUE(made.has_value()) << made.error().text;
    return made ? *made : deploy::Migrated{};
  }
  // "1 counting, 1 counting, ...": version and state of each till.
  [[nodiscard]] std::string tills() const {
    const auto rows = must_run(database,
                               "SELECT string_agg(machine_version || ' ' || state, ', ' ORDER BY id) FROM "
                               "ledger.instance WHERE kind = 'till'");
    return std::string(rows.text(0, 0));
  }

  std::string database;
  std::optional<ledger::Connection> connection;
  std::int64_t last = 0;
};

TEST_F(MachineVersions, AStateThatTheMapForgetsIsRefusedWithItsCountAndNothingMoves) {
  const std::string before = tills();
  EXPECT_EQ(migrate({{"open", "ajar"}}).refusal,
            "2 instances are counting, and the map does not say what that becomes");
  EXPECT_THAT(migrate({{"opne", "ajar"}}).refusal, HasSubstr("opne, which is no state of till v1"));
  EXPECT_THAT(migrate({{"open", "agape"}}).refusal, HasSubstr("agape, which is no state of till v2"));
  MachineMigration unknown;
  unknown.to = 3;
  EXPECT_THAT(migrate({}, unknown).refusal, HasSubstr("does not know till v3; it knows v1, v2"));
  EXPECT_EQ(tills(), before);
}

TEST_F(MachineVersions, ADryRunCountsAndChangesNothing) {
  const std::string before = tills();
  MachineMigration order;
  order.dry_run = true;
  const auto made = migrate({{"open", "ajar"}, {"counting", "shut"}}, order);
  ASSERT_EQ(made.counts.size(), 2U);
  EXPECT_EQ(made.counts[0].live, 2);
  EXPECT_EQ(made.counts[0].to_state, "shut");
  EXPECT_EQ(made.counts[1].live, 3);
  EXPECT_EQ(made.counts[1].moved, 0);
  EXPECT_EQ(tills(), before);
}

TEST_F(MachineVersions, EachMoveIsATransitionAndTheOrderIsHistory) {
  MachineMigration alone;
  alone.instance = last;
  EXPECT_EQ(migrate({{"counting", "counting"}}, alone).counts.at(0).moved, 1);
  EXPECT_EQ(tills(), "1 open, 1 open, 1 open, 1 counting, 2 counting");
  const auto made = migrate({{"open", "ajar"}, {"counting", "shut"}});
  EXPECT_EQ(made.in_flight, 0);
  EXPECT_EQ(tills(), "2 ajar, 2 ajar, 2 ajar, 2 shut, 2 counting");
  const auto rows = must_run(database,
                             "SELECT count(*) FILTER (WHERE event = 'migrated' AND machine_version = 2), count(*) "
                             "FILTER (WHERE kind = 'intervention' AND data LIKE '%a better table%' AND version = 2), "
                             "(SELECT count(*) FROM ledger.job) FROM ledger.transition");
  EXPECT_EQ(rows.number(0, 0), 5);
  EXPECT_EQ(rows.number(0, 1), 2);
  EXPECT_EQ(rows.number(0, 2), 4) << "a final state ends its jobs, the others keep theirs";
}

TEST_F(MachineVersions, WhatAWorkerHoldsIsLeftAndSaid) {
  must_run(database, "SELECT * FROM ledger.take('{3}', 5000, 1, 'b')");
  const auto made = migrate({{"open", "ajar"}, {"counting", "counting"}});
  EXPECT_EQ(made.in_flight, 1);
  EXPECT_THAT(tills(), HasSubstr("1 "));
}

}  // namespace
}  // namespace tests
