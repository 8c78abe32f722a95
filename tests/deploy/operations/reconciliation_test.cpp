// tests/deploy/operations/reconciliation_test.cpp: a person's word about a difference, without a terminal, on a real
// PostgreSQL.
#include "deploy/operations/reconciliation.hpp"

#include "tests/deploy/operations/treasury.hpp"

namespace tests {
namespace {

using deploy::operations::ErrorCode;
using testing::IsEmpty;
using testing::SizeIs;

namespace operations = deploy::operations;

class Breaks : public OperationsTest {
 protected:
  // The venue has 5 USDT more than the ledger: the break's number.
  [[nodiscard]] std::int64_t difference() const {
    ground_->totals["USDT"] += TreasuryGround::usdt(5);
    (void)ground_->reconcile();
    return operations::breaks(place(), false)->front().id.value;
  }
};

TEST_F(Breaks, ADifferenceIsExplainedAndClosedByWhoAsks) {
  operations::BreakArgs args;
  args.id = difference();
  args.as = "deposit";
  args.why = "a gift";
  args.who = "mallory";
  const auto explained = operations::explain_break(place(), {"ann"}, args);
  ASSERT_TRUE(explained) << explained.error().text;
  EXPECT_EQ(explained->front().data.who, "ann") << "who asks is given by the caller alone";
  ASSERT_TRUE(operations::close_break(place(), {"ann"}, args));
  EXPECT_THAT(*operations::breaks(place(), false), IsEmpty());
  EXPECT_THAT(*operations::breaks(place(), true), SizeIs(1));
}

TEST_F(Breaks, WhatCantBeSaidOfOneIsRefused) {
  operations::BreakArgs args;
  args.id = 99'999;
  args.as = "deposit";
  args.why = "a gift";
  EXPECT_EQ(operations::explain_break(place(), {"ann"}, args).error().code, ErrorCode::refused);
  args.id = difference();
  EXPECT_EQ(operations::close_break(place(), {"ann"}, args).error().code, ErrorCode::refused) << "nobody explained it";
  EXPECT_EQ(operations::reconcile(place(), {"ann"}, "", "").error().code, ErrorCode::not_running);
}

}  // namespace
}  // namespace tests
