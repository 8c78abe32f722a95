// tests/machines/strategy/momentum/momentum_test.cpp: every threshold of the rules is exact: on it is in, one unit
// beside it is out.
#include "machines/strategy/momentum/momentum.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "tests/machines/book.hpp"
#include "tests/machines/wide.hpp"

namespace {

using machines::Amount;
using machines::Asset;
using machines::Int128;
using machines::Price;
using machines::Rate;
using machines::Rounding;
using machines::strategy::Exit;
using machines::strategy::Momentum;
using machines::strategy::Position;
using machines::strategy::wants_entry;
using machines::strategy::wants_exit;
using machines::strategy::Window;

const Asset eth{tests::eth, "ETH", 18};
const Asset usdt{tests::usdt, "USDT", 8};
constexpr Rate no_fee{0};

constexpr Price price(std::int64_t whole, std::int64_t e8 = 0) { return {whole * 100'000'000 + e8}; }
Amount coins(std::int64_t whole) { return {eth.id, whole * machines::power_of_ten(18)}; }
Amount money(std::int64_t whole) { return {usdt.id, whole * machines::power_of_ten(8)}; }

TEST(Entry, AnHoursMomentumOfExactlyTheRateBuys) {
  EXPECT_TRUE(wants_entry({}, {price(101, 25'000'000), price(100), price(100)}));
  EXPECT_FALSE(wants_entry({}, {price(101, 24'999'999), price(100), price(100)}));
}

TEST(Entry, ATrendOfExactlyTheRateBuys) {
  const Price now = price(100'200);
  EXPECT_TRUE(wants_entry({}, {now, price(98'000), price(100'000)}));
  EXPECT_FALSE(wants_entry({}, {now, price(98'000), price(100'000, 1)}));
  EXPECT_FALSE(wants_entry({}, {now, price(98'000), price(101'000)})) << "a rise within a falling trend";
}

TEST(Entry, AMissingHourGivesNoSignal) {
  EXPECT_FALSE(wants_entry({}, {std::nullopt, price(100), price(100)}));
  EXPECT_FALSE(wants_entry({}, {price(110), std::nullopt, price(100)}));
  EXPECT_FALSE(wants_entry({}, {price(110), price(100), std::nullopt}));
}

// Ten coins that cost 1,000: a price of 98.40 is a loss of exactly 1.6 %.
Position ten_coins(Price high) { return {money(1'000), coins(10), high}; }

Exit leave(const Window& window, Price high, Rate fee = no_fee, const Momentum& rules = {}) {
  return wants_exit(rules, window, ten_coins(high), fee, eth, usdt).value();
}

TEST(StopLoss, AtExactlyTheRateSells) {
  EXPECT_EQ(leave({price(98, 40'000'000), {}, {}}, price(100)), Exit::stop_loss);
  EXPECT_EQ(leave({price(98, 40'000'001), {}, {}}, price(100)), Exit::none);
}

TEST(StopLoss, CountsTheFeeOfTheSale) {
  // 98.50 * 10 = 985.00 less 0.1 % = 984.015: a loss of 15.985. One more cent of price down and it is 16.0849.
  EXPECT_EQ(leave({price(98, 50'000'000), {}, {}}, price(100), {1'000}), Exit::none);
  EXPECT_EQ(leave({price(98, 49'000'000), {}, {}}, price(100), {1'000}), Exit::stop_loss);
}

TEST(StopLoss, NeedsNoOtherPriceThanTheCloseAndIsNotHeldBackByAnUptrend) {
  EXPECT_EQ(leave({price(90), std::nullopt, std::nullopt}, price(100)), Exit::stop_loss);
  EXPECT_EQ(leave({price(90), price(80), price(80)}, price(100)), Exit::stop_loss);
  EXPECT_EQ(leave({std::nullopt, price(100), price(100)}, price(100)), Exit::none) << "no close, no decision";
}

TEST(Trail, IsArmedByExactlyTheNetGainAtTheHigh) {
  const Price fallen = price(99, 90'000'000);
  EXPECT_EQ(leave({fallen, {}, {}}, price(100, 10'000'000)), Exit::trail);
  EXPECT_EQ(leave({fallen, {}, {}}, price(100, 9'999'999)), Exit::none);
}

TEST(Trail, SellsOnAFallOfExactlyTheRateFromTheHigh) {
  EXPECT_EQ(leave({price(199, 80'000'000), {}, {}}, price(200)), Exit::trail);
  EXPECT_EQ(leave({price(199, 80'000'001), {}, {}}, price(200)), Exit::none);
  EXPECT_EQ(leave({price(200), {}, {}}, price(200)), Exit::none) << "at the high";
}

TEST(Trail, WaitsWhileTheHourRisesByExactlyTheRate) {
  const Price now = price(101, 10'000'000);
  EXPECT_EQ(leave({now, price(100), {}}, price(110)), Exit::none);
  EXPECT_EQ(leave({now, price(100, 1), {}}, price(110)), Exit::trail);
  EXPECT_EQ(leave({now, std::nullopt, {}}, price(110)), Exit::trail) << "an unknown hour is no uptrend";
}

TEST(Trail, StaysArmedWhenTheGainIsGone) {
  EXPECT_EQ(leave({price(99), {}, {}}, price(105)), Exit::trail) << "a net loss, above the stop";
}

// One coin: its value in minor units is its price in 10^-8. 1.6 % of 101 is 1.616, 0.1 % of it is 0.101.
TEST(Thresholds, ThatAreNoWholeUnitAreReachedByTheNextWholeOne) {
  const auto exit = [](std::int64_t now, std::int64_t high) {
    const Position position{{usdt.id, 101}, coins(1), {high}};
    return wants_exit({}, {Price{now}, {}, {}}, position, no_fee, eth, usdt).value();
  };
  EXPECT_EQ(exit(100, 101), Exit::none) << "a loss of 1, and no gain at the high";
  EXPECT_EQ(exit(99, 101), Exit::stop_loss) << "a loss of 2";
  EXPECT_EQ(exit(100, 102), Exit::trail) << "a gain of 1 at the high";
}

TEST(NetGain, IsAfterBothFees) {
  // 1,001 were paid, fee included; 10 coins at 110 bring 1,100 less 1.10.
  const Position position{money(1'001), coins(10), price(110)};
  EXPECT_EQ(machines::strategy::net_gain(position, price(110), {1'000}, eth, usdt)->minor(), 9'790'000'000);
}

TEST(NetGain, OverflowIsRefusedNotWrapped) {
  const Position vast{Amount::zero(usdt.id), {eth.id, machines::power_of_ten(38) - 1}, price(1)};
  const Window window{Price{INT64_MAX}, {}, {}};
  EXPECT_EQ(machines::strategy::net_gain(vast, {INT64_MAX}, no_fee, eth, usdt).error(),
            machines::AmountError::overflow);
  EXPECT_EQ(wants_exit({}, window, vast, no_fee, eth, usdt).error(), machines::AmountError::overflow);
}

RC_GTEST_PROP(EntryProperty, BothRatesAreComparedWithoutRounding, ()) {
  const auto any_price = rc::gen::inRange<std::int64_t>(1, 10'000'000'000'000);
  const Price then{*any_price};
  const Price four{*any_price};
  const Momentum rules{{*rc::gen::inRange(0, 100'000)}, {*rc::gen::inRange(0, 100'000)}};
  // Prices around the threshold of the hour, a unit at a time.
  const auto edge = then.e8 + then.e8 * rules.buy_momentum.ppm / machines::ppm_of_one;
  const Price now{edge + *rc::gen::inRange(-2, 3)};
  const bool hour = tests::Big(now.e8 - then.e8) * 1'000'000 >= tests::Big(then.e8) * rules.buy_momentum.ppm;
  const bool trend = tests::Big(now.e8 - four.e8) * 1'000'000 >= tests::Big(four.e8) * rules.trend.ppm;
  RC_ASSERT(wants_entry(rules, {now, then, four}) == (hour && trend));
}

RC_GTEST_PROP(ExitProperty, TheStopIsExactForEveryPosition, ()) {
  const Position position{{usdt.id, *rc::gen::inRange<std::int64_t>(1, 2'000'000'000'000)},
                          {eth.id, *rc::gen::inRange<std::int64_t>(1, 9'000'000'000'000'000'000)},
                          price(1)};
  const Momentum rules{};
  const Price now{*rc::gen::inRange<std::int64_t>(1, 500'000'000'000)};
  const auto gain = machines::strategy::net_gain(position, now, {1'000}, eth, usdt).value();
  const auto exit = wants_exit(rules, {now, {}, {}}, position, {1'000}, eth, usdt).value();
  const bool lost = tests::big(gain.minor()) * 1'000'000 <= -tests::big(position.cost.minor()) * rules.stop_loss.ppm;
  RC_ASSERT((exit == Exit::stop_loss) == lost);
}

// The rules as a treasurer would write them, in fractions without a limit. Only net_gain's own roundings are taken
// over.
Exit by_the_book(const Momentum& rules, Price now, Price hour_ago, const Position& position, Rate fee) {
  const auto gain = [&](Price at) {
    return tests::big(machines::strategy::net_gain(position, at, fee, eth, usdt).value().minor());
  };
  const tests::Big cost = tests::big(position.cost.minor());
  if (gain(now) * 1'000'000 <= -cost * rules.stop_loss.ppm) return Exit::stop_loss;
  if (tests::Big(now.e8 - hour_ago.e8) * 1'000'000 >= tests::Big(hour_ago.e8) * rules.hold_uptrend.ppm)
    return Exit::none;
  const bool armed = gain(position.high) * 1'000'000 >= cost * rules.arm.ppm;
  const bool fallen =
      tests::Big(position.high.e8 - now.e8) * 1'000'000 >= tests::Big(position.high.e8) * rules.trail.ppm;
  return armed && fallen ? Exit::trail : Exit::none;
}

// Prices within a unit or two of what the rates name, from small whole numbers where the rates divide exactly.
RC_GTEST_PROP(ExitProperty, IsByTheBookAroundEveryThreshold, ()) {
  const Momentum rules;
  const Rate fee{*rc::gen::element(0, 1'000)};
  const auto unit = *rc::gen::element<std::int64_t>(1, 1'000, 1'000'000);
  const Price high{unit * *rc::gen::inRange<std::int64_t>(1'000, 300'000)};
  const auto around = [&](std::int64_t ppm) {
    const auto share = machines::multiply_divide(high.e8, ppm, 1'000'000, Rounding::half_even).value();
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(share) + *rc::gen::inRange(-2, 3));
  };
  const Price now{
      std::min(high.e8, around(*rc::gen::element<std::int64_t>(999'000, 1'000'000, 984'000, 985'000, 997'000)))};
  const Price hour_ago{*rc::gen::element(around(999'000), around(988'000), now.e8 * 1'000 / 1'011)};
  const Amount base = coins(*rc::gen::inRange<std::int64_t>(1, 50));
  const auto worth = machines::value_at(base, high, eth, usdt, Rounding::up).value().minor();
  const auto share = *rc::gen::element<std::int64_t>(999'000, 1'000'000, 998'000, 1'001'000);
  const Int128 cost = machines::multiply_divide(worth, share, 1'000'000, Rounding::half_even).value();
  const Position position{{usdt.id, cost + *rc::gen::inRange(-2, 3)}, base, high};
  RC_PRE(position.cost.is_positive() && hour_ago.e8 > 0);
  const auto exit = wants_exit(rules, {now, hour_ago, {}}, position, fee, eth, usdt).value();
  RC_TAG(machines::name_of(exit));
  RC_ASSERT(exit == by_the_book(rules, now, hour_ago, position, fee));
}

RC_GTEST_PROP(NetGainProperty, NeverPromisesMoreThanASaleBrings, ()) {
  const Position position{{usdt.id, *rc::gen::inRange<std::int64_t>(1, 2'000'000'000'000)},
                          {eth.id, *rc::gen::inRange<std::int64_t>(1, 9'000'000'000'000'000'000)},
                          price(1)};
  const Price now{*rc::gen::inRange<std::int64_t>(1, 500'000'000'000)};
  const auto gain = tests::big(machines::strategy::net_gain(position, now, {1'000}, eth, usdt).value().minor());
  // In units of 10^-24 USDT: base * price * 0.999, less the cost. Value and fee lose less than a unit of USDT each.
  const tests::Big one = tests::big_power_of_ten(18) * 1'000;
  const tests::Big exact = tests::big(position.base.minor()) * now.e8 * 999 - tests::big(position.cost.minor()) * one;
  RC_ASSERT(gain * one <= exact);
  RC_ASSERT(exact < (gain + 2) * one);
}

TEST(Momentum, TheDefaultsAreTheUsersAndValid) {
  const Momentum rules;
  EXPECT_EQ(rules.validate(), "");
  EXPECT_EQ(rules.buy_momentum.ppm, 12'500);
  EXPECT_EQ(rules.trend.ppm, 2'000);
  EXPECT_EQ(rules.stop_loss.ppm, 16'000);
  EXPECT_EQ(rules.arm.ppm, 1'000);
  EXPECT_EQ(rules.trail.ppm, 1'000);
  EXPECT_EQ(rules.hold_uptrend.ppm, 11'000);
}

TEST(Momentum, AnImpossibleParameterIsNamed) {
  const auto complaint = [](Rate Momentum::*which, std::int64_t ppm) {
    Momentum rules;
    rules.*which = {ppm};
    return rules.validate();
  };
  EXPECT_THAT(complaint(&Momentum::buy_momentum, -1), testing::StartsWith("buy_momentum"));
  EXPECT_THAT(complaint(&Momentum::trend, 1'000'001), testing::StartsWith("trend"));
  EXPECT_THAT(complaint(&Momentum::stop_loss, 0), testing::StartsWith("stop_loss"));
  EXPECT_THAT(complaint(&Momentum::arm, -1), testing::StartsWith("arm"));
  EXPECT_THAT(complaint(&Momentum::trail, 1'000'000), testing::StartsWith("trail"));
  EXPECT_THAT(complaint(&Momentum::hold_uptrend, -5), testing::StartsWith("hold_uptrend"));
  EXPECT_EQ(complaint(&Momentum::trail, 0), "");
}

}  // namespace
