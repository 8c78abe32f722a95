// tests/deploy/operations/status_test.cpp: the house at a look, as a value, on a real PostgreSQL.
#include "deploy/operations/status.hpp"

#include "tests/deploy/operations/treasury.hpp"

namespace tests {
namespace {

namespace operations = deploy::operations;

class Status : public OperationsTest {};

TEST_F(Status, ShowsWhatWaitsAndThatNobodyServesIt) {
  const auto before = operations::status(place(), 30);
  ASSERT_TRUE(before) << before.error().text;
  EXPECT_FALSE(before->house_may_run);
  EXPECT_TRUE(before->brokers.empty());
  EXPECT_FALSE(before->states.empty());
  ground_->one(
      "SELECT ledger.record_move(1, 'order', 0, 0, '', 'drafted', 'draft', 1, false, '{\"side\": \"buy\"}', 1000, "
      "'place_order', 1000)::text");
  const auto after = operations::status(place(), 30);
  ASSERT_TRUE(after) << after.error().text;
  EXPECT_EQ(after->jobs.ready + after->jobs.timers - before->jobs.ready - before->jobs.timers, 1);
}

TEST_F(Status, ALedgerThatCantBeReachedHasACode) {
  deploy::LedgerPlace nowhere;
  nowhere.dsn = "host=/nowhere";
  nowhere.by_folder = false;
  const auto none = operations::status(nowhere, 30);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, operations::ErrorCode::unavailable);
  EXPECT_EQ(none.error().advice, "check --dsn");
}

}  // namespace
}  // namespace tests
