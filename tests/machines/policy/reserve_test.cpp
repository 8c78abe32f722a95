// tests/machines/policy/reserve_test.cpp: the reserve's share, and that flexing makes and loses no coin.
#include "machines/policy/reserve.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace {

using machines::Amount;
using machines::AssetId;
using machines::Int128;
using machines::Rate;
using machines::policy::Reserve;
using machines::policy::Rule;

constexpr AssetId btc{1};

Reserve flexing(std::int64_t volatility_ppm, Int128 flexed = 0) {
  return {Rule::flexing, {50'000}, {200'000}, {volatility_ppm}, Amount(btc, flexed)};
}

TEST(Reserve, NoneKeepsNothingFixedItsShareFlexingByVolatility) {
  EXPECT_EQ(machines::policy::share({}).ppm, 0);
  EXPECT_EQ(machines::policy::share({Rule::fixed, {100'000}, {}, {900'000}, {}}).ppm, 100'000);
  EXPECT_EQ(machines::policy::share(flexing(0)).ppm, 50'000) << "not measured yet: the least";
  EXPECT_EQ(machines::policy::share(flexing(400'000)).ppm, 50'000);
  EXPECT_EQ(machines::policy::share(flexing(800'000)).ppm, 125'000) << "half way";
  EXPECT_EQ(machines::policy::share(flexing(1'200'000)).ppm, 200'000);
  EXPECT_EQ(machines::policy::share(flexing(9'999'999)).ppm, 200'000);
}

TEST(Reserve, WhatMustStayIsRoundedUp) {
  const Reserve tenth{Rule::fixed, {100'000}, {}, {}, {}};
  EXPECT_EQ(machines::policy::required(tenth, Amount(btc, 101)).value().minor(), 11);
  EXPECT_EQ(machines::policy::required(tenth, Amount(btc, 0)).value().minor(), 0);
}

TEST(Reserve, SharesOutsideFiveToTwentyPercentAreObjectedTo) {
  EXPECT_EQ(machines::policy::objection({}), nullptr);
  EXPECT_EQ(machines::policy::objection({Rule::fixed, {50'000}, {}, {}, {}}), nullptr);
  EXPECT_EQ(machines::policy::objection({Rule::fixed, {200'000}, {}, {}, {}}), nullptr);
  for (const std::int64_t ppm : {-1, 0, 49'999, 200'001})
    EXPECT_NE(machines::policy::objection({Rule::fixed, {ppm}, {}, {}, {}}), nullptr) << ppm;
  EXPECT_NE(machines::policy::objection({Rule::flexing, {50'000}, {200'001}, {}, {}}), nullptr);
  EXPECT_NE(machines::policy::objection({Rule::flexing, {100'000}, {90'000}, {}, {}}), nullptr);
}

RC_GTEST_PROP(ReserveProperty, FlexingTakesWhatIsFreeAndGivesBackWhatItTook, ()) {
  const auto coins = [] { return *rc::gen::inRange<std::int64_t>(0, 1'000'000'000); };
  Int128 kept = coins(), free = coins(), flexed = 0;
  const Int128 total = kept + free + coins();
  for (const std::int64_t volatility :
       *rc::gen::container<std::vector<std::int64_t>>(8, rc::gen::inRange<std::int64_t>(0, 2'000'000))) {
    const Reserve rule = flexing(volatility, flexed);
    const Int128 moved =
        machines::policy::flexed_by(rule, Amount(btc, total), Amount(btc, kept), Amount(btc, free)).value().minor();
    RC_ASSERT(moved <= free && -moved <= flexed);
    const Int128 wanted = machines::policy::required(rule, Amount(btc, total)).value().minor();
    if (moved > 0) RC_ASSERT(kept + moved <= wanted);
    if (moved < 0) RC_ASSERT(kept + moved >= wanted);
    kept += moved, free -= moved, flexed += moved;
    RC_ASSERT(flexed >= 0);
    if (kept < wanted) RC_ASSERT(free == 0);
    if (kept > wanted) RC_ASSERT(flexed == 0);
  }
}

}  // namespace
