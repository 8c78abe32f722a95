// tests/deploy/operations/machines_test.cpp: instances and histories as values, on a real PostgreSQL.
#include "deploy/operations/machines.hpp"

#include "tests/deploy/operations/treasury.hpp"

namespace tests {
namespace {

using deploy::operations::ErrorCode;
using testing::SizeIs;

namespace operations = deploy::operations;

class Machines : public OperationsTest {};

TEST_F(Machines, AnInstanceIsFoundByItsNumberWithItsHistory) {
  const auto live = operations::machines_now(place(), false, 1'000);
  ASSERT_TRUE(live) << live.error().text;
  ASSERT_FALSE(live->empty());
  const auto& one = live->front();
  EXPECT_EQ(operations::machine(place(), one.id.value)->front().state, one.state);
  const auto history = operations::machine_history(place(), one.id.value);
  ASSERT_TRUE(history) << history.error().text;
  EXPECT_EQ(history->back().to, one.state);
  EXPECT_THAT(*operations::machines_now(place(), true, 1), SizeIs(1)) << "the limit";
}

TEST_F(Machines, ANumberThatNoneHasIsNotFound) {
  EXPECT_EQ(operations::machine(place(), 99'999).error().code, ErrorCode::not_found);
  EXPECT_EQ(operations::machine_history(place(), 99'999).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace tests
