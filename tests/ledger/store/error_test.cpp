// tests/ledger/store/error_test.cpp: what PostgreSQL's codes and its words at the door mean.
#include "ledger/store/error.hpp"

#include "ledger/store/connection.hpp"
#include "tests/support/cluster.hpp"

namespace ledger {
namespace {

TEST(StoreError, HasTheCauseOfItsSqlstate) {
  EXPECT_EQ(cause_of("BU001"), StoreCause::epoch_moved);
  EXPECT_EQ(cause_of("BU003"), StoreCause::step_epoch);
  EXPECT_EQ(cause_of("42P01"), StoreCause::not_ours);
  EXPECT_EQ(cause_of("23505"), StoreCause::duplicate);
  EXPECT_EQ(cause_of("23514"), StoreCause::constraint);
  EXPECT_EQ(cause_of("22003"), StoreCause::other);
  EXPECT_EQ(cause_of(""), StoreCause::other);
}

// A server that takes no connection gives no code; its words are read in one place.
TEST(StoreError, KnowsALoginThatMayNotUseTheDatabase) {
  if (const auto why = tests::no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  const std::string database = tests::fresh_database();
  const std::string ann = tests::new_login(database, "ann_of_errors");
  tests::must_run(database, "REVOKE CONNECT ON DATABASE " + database + " FROM PUBLIC");
  Connection connection(ann);
  const auto connected = connection.connect();
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().cause, StoreCause::no_permission) << connected.error().text;
}

TEST(StoreError, KnowsAStatementThatNamesNothingOfOurs) {
  if (const auto why = tests::no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  Connection connection(tests::dsn(tests::empty_database()));
  const auto read = connection.call({"nobodys", "SELECT * FROM nobodys.table_at_all", false}, {});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().cause, StoreCause::not_ours) << read.error().text;
}

}  // namespace
}  // namespace ledger
