#include "workers/market/baseline.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace workers::market {
namespace {

using machines::Amount;
using machines::AssetId;
using machines::Int128;

const machines::Asset eth{AssetId{1}, "ETH", 18};
const machines::Asset usdt{AssetId{2}, "USDT", 8};

Bar bar(int at, std::int64_t open, std::int64_t close) {
  const auto e8 = [](std::int64_t price) { return machines::Price{price * 100'000'000}; };
  return {machines::Instant{} + machines::hours(at), e8(open), e8(std::max(open, close)), e8(std::min(open, close)),
          e8(close)};
}

BaselineParams params(std::int64_t money) {
  return {eth,
          usdt,
          Amount(usdt.id, Int128{money} * 100'000'000),
          Amount(eth.id, machines::power_of_ten(14)),  // 0.0001 ETH
          {1'000},
          {0},
          {}};
}

std::string text(Amount amount) { return machines::format(amount, amount.asset() == eth.id ? 18 : 8); }

TEST(BuyAndHold, BuysOnceAtTheFirstSoundOpenWithFeeAndLot) {
  std::vector<Bar> bars{bar(0, 700, 300), bar(1, 300, 310), bar(2, 310, 400)};
  judge_bars(bars);
  const auto held = buy_and_hold(bars, params(1000));
  ASSERT_TRUE(held.has_value());
  // 1000 / 1.001 / 300 = 3.33000333..., rounded down to 3.33 on the lot; 999 paid, fee 0.999.
  EXPECT_EQ(held->bought_at, bars[1].opens_at);
  EXPECT_EQ(text(held->base), "3.330000000000000000");
  EXPECT_EQ(text(held->fee), "0.99900000");
  EXPECT_EQ(text(held->cash), "0.00100000");
  ASSERT_EQ(held->equity.size(), 3U);
  EXPECT_EQ(text(held->equity[0]), "1000.00000000");
  EXPECT_EQ(text(held->equity[1]), "1032.30100000");
  EXPECT_EQ(text(held->equity[2]), "1332.00100000");
}

TEST(BuyAndHold, PaysSlippageAboveTheOpen) {
  BaselineParams dearer = params(1000);
  dearer.slippage = {500};
  EXPECT_EQ(buy_and_hold({bar(0, 200, 200)}, dearer)->paid.e8, 20'010'000'000);
}

TEST(BuyAndHold, MarksAnAbsurdCloseAtTheLastSoundOne) {
  std::vector<Bar> bars{bar(0, 100, 100), bar(1, 100, 900), bar(2, 100, 110)};
  judge_bars(bars);
  const auto held = buy_and_hold(bars, params(1000));
  EXPECT_EQ(held->equity[1], held->equity[0]);
  EXPECT_GT(held->equity[2].minor(), held->equity[0].minor());
}

TEST(BuyAndHold, WaitsForTheStartAndStaysCashWithoutASoundBar) {
  BaselineParams later = params(1000);
  later.start = machines::Instant{} + machines::hours(2);
  EXPECT_EQ(buy_and_hold({bar(0, 100, 100), bar(1, 100, 100), bar(2, 100, 100)}, later)->bought_at, later.start);
  later.start = machines::Instant{} + machines::hours(5);
  const auto never = buy_and_hold({bar(0, 100, 200)}, later);
  EXPECT_TRUE(never->base.is_zero());
  EXPECT_EQ(never->equity[0], later.money);
}

TEST(BuyAndHold, RefusesMoneyOfAnotherAsset) {
  BaselineParams wrong = params(1000);
  wrong.money = Amount(eth.id, 5);
  EXPECT_EQ(buy_and_hold({}, wrong).error(), machines::AmountError::asset_mismatch);
}

TEST(Cash, StaysWhatItWas) {
  const Baseline kept = cash({bar(0, 100, 200), bar(1, 200, 50)}, params(1000));
  EXPECT_EQ(kept.equity, std::vector<Amount>(2, params(1000).money));
}

RC_GTEST_PROP(BuyAndHold, NeverSpendsMoreThanItHas, ()) {
  BaselineParams some = params(*rc::gen::inRange(1, 1'000'000));
  some.fee = {*rc::gen::inRange(0, 50'000)};
  const auto held = buy_and_hold({bar(0, *rc::gen::inRange(1, 90'000), 10)}, some);
  RC_ASSERT(held.has_value());
  RC_ASSERT(!held->cash.is_negative());
  RC_ASSERT(held->base.minor() % some.lot.minor() == 0);
  const auto cost = machines::value_at(held->base, held->paid, eth, usdt, machines::Rounding::up);
  RC_ASSERT(cost->minor() + held->fee.minor() + held->cash.minor() == some.money.minor());
}

}  // namespace
}  // namespace workers::market
