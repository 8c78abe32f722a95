// tests/workers/handlers/venue_report_test.cpp: a report is held against its order: what can't be one of it books
// nothing.
#include "workers/handlers/venue_report.hpp"

#include <gmock/gmock.h>

#include "tests/workers/handlers/ground.hpp"

namespace tests::orders {
namespace {

using schemas::OrderReport;
using schemas::OrderStatus;
using testing::HasSubstr;
using workers::handlers::new_fills;

const ledger::books::Sleeves all = sleeves();

// What is wrong with it; "" where nothing is, and "later: ..." where it may pass.
std::string trouble(const OrderReport& report, const machines::order::Data& data = order_data()) {
  const auto fills = new_fills(data, client_id, report, sleeve(all));
  if (fills) return "";
  return (fills.error().may_pass ? "later: " : "") + fills.error().reason;
}

TEST(VenueReport, WhatIsNewIsSummedUpAndWhatIsBookedIsNot) {
  const auto fills =
      new_fills(booked(1), client_id, report_of(OrderStatus::resting, {fill(1), fill(2), fill(3)}), sleeve(all));
  ASSERT_TRUE(fills);
  EXPECT_EQ(fills->count, 2);
  EXPECT_EQ(fills->quote.minor(), 200 * one_usdt);
  EXPECT_EQ(fills->fees.minor(), one_usdt / 5);
  EXPECT_EQ(fills->first, fill(2).at);
}

TEST(VenueReport, AnotherOrderIsNotTakenForThisOne) {
  OrderReport report = report_of(OrderStatus::filled, {fill(1)});
  report.symbol = "BTC/USDT";
  EXPECT_EQ(trouble(report), "the venue has it in BTC/USDT, not in ETH/USDT");
  report = report_of(OrderStatus::filled, {fill(1)});
  report.side = schemas::Side::sell;
  EXPECT_EQ(trouble(report), "the venue has it on the other side");
  report = report_of(OrderStatus::filled, {fill(1)});
  ++report.size;
  EXPECT_THAT(trouble(report), HasSubstr("with a size of 100000000001 minor units, not 100000000000"));
  report = report_of(OrderStatus::filled, {fill(1)});
  report.client_id.back() = '8';
  EXPECT_THAT(trouble(report), HasSubstr("the report is of the order "));
}

TEST(VenueReport, AFillThatIsReportedTwiceCountsOnce) {
  const auto fills =
      new_fills(order_data(), client_id, report_of(OrderStatus::filled, {fill(1), fill(1), fill(2)}), sleeve(all));
  ASSERT_TRUE(fills);
  EXPECT_EQ(fills->count, 2);
  EXPECT_EQ(fills->quote.minor(), 200 * one_usdt);
}

TEST(VenueReport, OneNumberForTwoFillsAndANumberBelowOneAreNoFills) {
  schemas::Fill other = fill(1);
  other.quote += 1;
  EXPECT_EQ(trouble(report_of(OrderStatus::filled, {fill(1), other})), "two fills have the number 1");
  EXPECT_EQ(trouble(report_of(OrderStatus::filled, {fill(0)})), "a fill has the number 0");
}

// Booked by their count alone, 1 and 3 would lose 2 and book 3 again with the next report.
TEST(VenueReport, AMissingFillIsAskedForAgain) {
  EXPECT_EQ(trouble(report_of(OrderStatus::resting, {fill(1), fill(3)})),
            "later: fill 2 is missing from the venue's report");
  EXPECT_EQ(trouble(report_of(OrderStatus::filled, {fill(2)})), "later: fill 1 is missing from the venue's report");
  EXPECT_EQ(trouble(report_of(OrderStatus::resting, {fill(1)}), booked(2)),
            "later: 2 fills are booked, and the venue reports 1");
}

TEST(VenueReport, WhatIsBookedStaysWhatItWas) {
  schemas::Fill rewritten = fill(1);
  rewritten.quote += 1;
  EXPECT_EQ(trouble(report_of(OrderStatus::resting, {rewritten, fill(2)}), booked(1)),
            "the fills that are booked are no longer what the venue reports");
}

TEST(VenueReport, FilledNeedsANewFill) {
  EXPECT_EQ(trouble(report_of(OrderStatus::filled)),
            "the venue calls it filled and reports no fill that is not booked");
  EXPECT_EQ(trouble(report_of(OrderStatus::filled, {fill(1)}), booked(1)),
            "the venue calls it filled and reports no fill that is not booked");
  EXPECT_EQ(trouble(report_of(OrderStatus::resting)), "") << "resting needs none";
}

TEST(VenueReport, AmountsThatNoFillHasBookNothing) {
  schemas::Fill bad = fill(1);
  bad.quote = 0;
  EXPECT_THAT(trouble(report_of(OrderStatus::filled, {bad})), HasSubstr(" base and 0 quote"));
  bad = fill(1);
  bad.base = -1;
  EXPECT_THAT(trouble(report_of(OrderStatus::filled, {bad})), HasSubstr("fill 1 is of -1 base"));
  bad = fill(1);
  bad.fee = -1;
  EXPECT_EQ(trouble(report_of(OrderStatus::filled, {bad})), "fill 1 has a negative fee");
  bad = fill(1);
  bad.fee_asset = "BNB";
  EXPECT_EQ(trouble(report_of(OrderStatus::filled, {bad})),
            "fill 1 has a fee in BNB, which the sleeve has no account for");
  bad = fill(1);
  bad.quote = machines::power_of_ten(38);
  EXPECT_EQ(trouble(report_of(OrderStatus::filled, {bad})), "fill 1 is out of range");
}

}  // namespace
}  // namespace tests::orders
