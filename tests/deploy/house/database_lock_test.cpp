// tests/deploy/house/database_lock_test.cpp: a database of --dsn serves one house at a time, and the right to it ends
// with the session that has it.
#include "deploy/house/database_lock.hpp"

#include <gmock/gmock.h>

#include <optional>

#include "tests/support/child.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class DatabaseLock : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    database_ = empty_database();
  }
  [[nodiscard]] std::string place() const { return dsn(database_); }

  std::string database_;
};

TEST_F(DatabaseLock, TheSecondHouseIsToldWhoHasIt) {
  deploy::DatabaseLock one(place()), other(place());
  EXPECT_TRUE(one.hold());
  EXPECT_TRUE(one.hold()) << "it has it still";
  const auto refused = other.hold();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().exit_code, 2);
  EXPECT_THAT(refused.error().text,
              AllOf(HasSubstr("in use by another `bursar up` (PostgreSQL session "), HasSubstr("stop that run first")));
}

TEST_F(DatabaseLock, AnotherDatabaseOfTheServerIsFree) {
  deploy::DatabaseLock one(place()), other(dsn(empty_database()));
  EXPECT_TRUE(one.hold());
  EXPECT_TRUE(other.hold());
}

TEST_F(DatabaseLock, ItIsFreeOnceItsHouseHasEnded) {
  std::optional<deploy::DatabaseLock> one(place());
  deploy::DatabaseLock other(place());
  EXPECT_TRUE(one->hold());
  EXPECT_FALSE(other.hold());
  one.reset();
  EXPECT_TRUE(wait_until([&] { return other.hold().has_value(); })) << "PostgreSQL ends sessions in its own time";
}

TEST_F(DatabaseLock, ASessionThatWasLostIsNoErrorAndTheRightIsTakenAnew) {
  deploy::DatabaseLock one(place()), other(place());
  EXPECT_TRUE(one.hold());
  must_run(database_,
           "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
           "pg_backend_pid()");
  EXPECT_TRUE(one.hold()) << "the line is broken, and nobody works on the database";
  EXPECT_TRUE(one.hold());
  EXPECT_FALSE(other.hold());
}

TEST(DatabaseLockOfNone, ADatabaseThatIsAwayIsNobodys) {
  EXPECT_TRUE(deploy::DatabaseLock("host=/nowhere dbname=none").hold());
}

}  // namespace
}  // namespace tests
