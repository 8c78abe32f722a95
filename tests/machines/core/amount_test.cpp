// tests/machines/core/amount_test.cpp: amounts keep their value through text, refuse what does not fit, and splits lose
// nothing.
#include "machines/core/amount.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "tests/machines/wide.hpp"

namespace {

using machines::Amount;
using machines::AmountError;
using machines::Asset;
using machines::AssetId;
using machines::Int128;
using machines::Rounding;
using tests::any_minor;

constexpr AssetId usdt{1};
constexpr AssetId eth{2};
constexpr Int128 most = machines::power_of_ten(38) - 1;

// No operator+, no number that becomes money by itself: adding two assets does not compile (INV33).
template <class T>
concept can_add = requires(T a, T b) {
  a + b;
};
static_assert(!can_add<Amount>);
static_assert(!std::is_convertible_v<Int128, Amount>);
static_assert(!std::is_convertible_v<double, Amount>);

RC_GTEST_PROP(Amount, Inv33TextAndBackKeepsEveryValue, ()) {
  const Asset asset{usdt, "USDT", *rc::gen::inRange(0, 25)};
  const Amount amount(usdt, *any_minor());
  const auto back = machines::parse_amount(machines::format(amount, asset.scale), asset);
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == amount);
}

RC_GTEST_PROP(Amount, Inv33WholeTextAndBackKeepsEveryValue, ()) {
  const Int128 value = *any_minor();
  RC_ASSERT(machines::parse_whole(machines::to_text(value)).value() == value);
}

TEST(Amount, TextHasAllDecimalsOfTheAsset) {
  EXPECT_EQ(machines::format(Amount(usdt, 1'500'000'000), 8), "15.00000000");
  EXPECT_EQ(machines::format(Amount(usdt, 1), 8), "0.00000001");
  EXPECT_EQ(machines::format(Amount(usdt, -1), 8), "-0.00000001");
  EXPECT_EQ(machines::format(Amount(usdt, 0), 8), "0.00000000");
  EXPECT_EQ(machines::format(Amount(usdt, -42), 0), "-42");
  EXPECT_EQ(machines::format(Amount(usdt, most), 0), std::string(38, '9'));
}

TEST(Amount, WhatIsNoNumberIsRefused) {
  for (const char* text : {"", "-", ".", "1.", ".5", "+1", "1e5", " 1", "1 ", "1,000", "0x1", "--1", "1.2.3", "NaN",
                           "Infinity", "1.-5", "\xC2\xA0"})
    EXPECT_EQ(machines::parse_decimal(text, 8).error(), AmountError::not_a_number) << '"' << text << '"';
}

TEST(Amount, MoreDecimalsThanTheAssetHasAreRefusedUnlessTheyAreZeros) {
  EXPECT_EQ(machines::parse_decimal("1.123456789", 8).error(), AmountError::over_precise);
  EXPECT_EQ(machines::parse_decimal("1.1234567800", 8).value(), 112'345'678);
  EXPECT_EQ(machines::parse_whole("1.5").error(), AmountError::over_precise);
  EXPECT_EQ(machines::parse_whole("7.0").value(), 7);
}

TEST(Amount, Inv33TenToTheThirtyEighthIsRefusedEverywhere) {
  const std::string limit = "1" + std::string(38, '0');
  EXPECT_EQ(machines::parse_whole(std::string(38, '9')).value(), most);
  EXPECT_EQ(machines::parse_whole(limit).error(), AmountError::overflow);
  EXPECT_EQ(machines::parse_whole("-" + limit).error(), AmountError::overflow);
  EXPECT_EQ(machines::parse_whole(std::string(60, '9')).error(), AmountError::overflow);
  EXPECT_EQ(machines::parse_whole(std::string(60, '0') + "5").value(), 5);
  EXPECT_EQ(machines::parse_decimal("1" + std::string(30, '0'), 8).error(), AmountError::overflow);
  EXPECT_EQ(Amount::make(usdt, most + 1).error(), AmountError::overflow);
  EXPECT_EQ(Amount::make(usdt, -most - 1).error(), AmountError::overflow);
  EXPECT_EQ(machines::plus(Amount(usdt, most), Amount(usdt, 1)).error(), AmountError::overflow);
  EXPECT_EQ(machines::minus(Amount(usdt, -most), Amount(usdt, 1)).error(), AmountError::overflow);
  EXPECT_EQ(machines::plus(Amount(usdt, most), Amount(usdt, -1))->minor(), most - 1);
}

TEST(AmountDeathTest, AConstantOutOfRangeIsABug) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(Amount(usdt, most + 1), "broken promise");
}

TEST(Amount, Inv33TwoAssetsNeverMeet) {
  const Amount a(usdt, 1);
  const Amount b(eth, 1);
  EXPECT_EQ(machines::plus(a, b).error(), AmountError::asset_mismatch);
  EXPECT_EQ(machines::minus(a, b).error(), AmountError::asset_mismatch);
  EXPECT_EQ(machines::compare(a, b).error(), AmountError::asset_mismatch);
  EXPECT_EQ(machines::least(a, b).error(), AmountError::asset_mismatch);
  EXPECT_NE(a, b);
}

RC_GTEST_PROP(Amount, SumsAndDifferencesAreExactOrRefused, ()) {
  const Amount a(usdt, *any_minor());
  const Amount b(usdt, *any_minor());
  const auto exact = tests::big(a.minor()) + tests::big(b.minor());
  const auto sum = machines::plus(a, b);
  RC_ASSERT(sum.has_value() == (abs(exact) < tests::big_power_of_ten(38)));
  if (sum) {
    RC_ASSERT(tests::big(sum->minor()) == exact);
    RC_ASSERT(machines::minus(*sum, b).value() == a);
  }
  RC_ASSERT(machines::compare(a, b).value() == (a.minor() > b.minor()) - (a.minor() < b.minor()));
}

TEST(Amount, Inv34AMillionRandomSharesLoseNothing) {
  std::mt19937_64 random(20'240'607);
  for (int round = 0; round < 1'000'000; ++round) {
    const auto wide = (static_cast<machines::UInt128>(random()) << 64) | random();
    const auto digits = static_cast<int>(random() % 38) + 1;
    const Amount source(usdt,
                        static_cast<Int128>(wide % static_cast<machines::UInt128>(machines::power_of_ten(digits))));
    std::int64_t left_ppm = machines::ppm_of_one;
    Amount rest = source;
    int legs = 0;
    while (left_ppm > 0) {
      const auto ppm = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(left_ppm)) + 1;
      rest = machines::minus(rest, machines::share_of(source, {ppm}, Rounding::down).value()).value();
      left_ppm -= ppm;
      if (++legs == 3) break;
    }
    // The shares left out of three legs belong to the rest too; what rounding took is less than one unit per leg.
    const Amount fair = machines::share_of(source, {left_ppm}, Rounding::down).value();
    const Int128 rounding = rest.minor() - fair.minor();
    ASSERT_TRUE(rounding >= 0 && rounding <= legs) << machines::to_text(source.minor());
  }
}

TEST(Amount, RoundsToTheLotDownwards) {
  const Amount lot(eth, 100);
  EXPECT_EQ(machines::rounded_to_lot(Amount(eth, 0), lot).minor(), 0);
  EXPECT_EQ(machines::rounded_to_lot(Amount(eth, 99), lot).minor(), 0);
  EXPECT_EQ(machines::rounded_to_lot(Amount(eth, 100), lot).minor(), 100);
  EXPECT_EQ(machines::rounded_to_lot(Amount(eth, 199), lot).minor(), 100);
}

}  // namespace
