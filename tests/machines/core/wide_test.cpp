// tests/machines/core/wide_test.cpp: products and quotients through 256 bits, against integers without a limit.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <tuple>

#include "machines/core/amount.hpp"
#include "machines/core/names.hpp"
#include "tests/machines/wide.hpp"

namespace {

using machines::Amount;
using machines::AmountError;
using machines::Asset;
using machines::Int128;
using machines::Price;
using machines::Rounding;
using tests::any_minor;
using tests::big;
using tests::Big;
using tests::big_power_of_ten;

constexpr Rounding every_rounding[] = {Rounding::down, Rounding::up, Rounding::floor, Rounding::ceiling,
                                       Rounding::half_even};

// The whole number that the mode's definition names, found by trying the neighbours of the truncated quotient.
bool is_rounded(const Big& numerator, const Big& divisor, const Big& quotient, Rounding rounding) {
  const Big error = numerator - quotient * divisor;  // numerator = quotient * divisor + error
  const Big size = abs(divisor);
  if (error == 0) return true;
  const bool below = (error > 0) == (divisor > 0);  // the quotient lies below the exact value
  const bool toward_zero = below == ((numerator > 0) == (divisor > 0));
  switch (rounding) {
    case Rounding::down:
      return abs(error) < size && toward_zero;
    case Rounding::up:
      return abs(error) < size && !toward_zero;
    case Rounding::floor:
      return abs(error) < size && below;
    case Rounding::ceiling:
      return abs(error) < size && !below;
    case Rounding::half_even:
      break;
  }
  const Big twice = abs(error) * 2;
  return twice < size || (twice == size && quotient % 2 == 0);
}

RC_GTEST_PROP(Wide, EveryRoundingModeIsItsDefinition, ()) {
  const Int128 a = *any_minor();
  const Int128 b = *any_minor();
  const Int128 c = *rc::gen::suchThat(any_minor(), [](Int128 value) { return value != 0; });
  const Big numerator = big(a) * big(b);
  for (const Rounding rounding : every_rounding) {
    const auto quotient = machines::multiply_divide(a, b, c, rounding);
    if (quotient)
      RC_ASSERT(is_rounded(numerator, big(c), big(*quotient), rounding));
    else
      RC_ASSERT(abs(numerator) / abs(big(c)) + 1 >= big_power_of_ten(38));
  }
}

TEST(Wide, EverySmallQuotientIsRoundedAsItsModeSays) {
  for (int n = -30; n <= 30; ++n)
    for (int d = -7; d <= 7; ++d)
      for (const Rounding rounding : every_rounding) {
        if (d == 0) {
          EXPECT_EQ(machines::multiply_divide(n, 1, d, rounding).error(), AmountError::division_by_zero);
          continue;
        }
        const Int128 quotient = machines::multiply_divide(n, 1, d, rounding).value();
        EXPECT_TRUE(is_rounded(n, d, big(quotient), rounding)) << n << '/' << d << machines::name_of(rounding);
      }
}

TEST(Wide, HalvesGoToTheEvenNeighbour) {
  const auto half = [](int n) {
    return static_cast<int>(machines::multiply_divide(n, 1, 2, Rounding::half_even).value());
  };
  EXPECT_EQ(half(1), 0);
  EXPECT_EQ(half(3), 2);
  EXPECT_EQ(half(5), 2);
  EXPECT_EQ(half(-1), 0);
  EXPECT_EQ(half(-3), -2);
  EXPECT_EQ(half(-5), -2);
}

TEST(Wide, TheLargestProductStillFitsItsIntermediate) {
  const Int128 most = machines::power_of_ten(38) - 1;
  EXPECT_EQ(machines::multiply_divide(most, most, most, Rounding::down).value(), most);
  EXPECT_EQ(machines::multiply_divide(-most, most, most, Rounding::down).value(), -most);
  EXPECT_EQ(machines::multiply_divide(most, 2, 1, Rounding::down).error(), AmountError::overflow);
  EXPECT_EQ(machines::multiply_divide(most, most, most - 1, Rounding::down).error(), AmountError::overflow);
}

RC_GTEST_PROP(Wide, ValueAtIsExactForEveryScale, ()) {
  const Asset base{{2}, "BASE", *rc::gen::inRange(0, 25)};
  const Asset quote{{1}, "QUOTE", *rc::gen::inRange(0, 25)};
  const Amount amount(base.id, *any_minor());
  const Price price{*rc::gen::inRange<std::int64_t>(0, INT64_MAX)};
  const Big numerator = big(amount.minor()) * price.e8 * big_power_of_ten(quote.scale);
  const Big divisor = big_power_of_ten(8 + base.scale);
  for (const Rounding rounding : every_rounding) {
    const auto value = machines::value_at(amount, price, base, quote, rounding);
    if (value)
      RC_ASSERT(value->asset() == quote.id && is_rounded(numerator, divisor, big(value->minor()), rounding));
    else
      RC_ASSERT(abs(numerator) / divisor + 1 >= big_power_of_ten(38));
  }
}

RC_GTEST_PROP(Wide, BoughtWithNeverCostsMoreThanItsQuote, ()) {
  const Asset base{{2}, "BASE", *rc::gen::inRange(0, 25)};
  const Asset quote{{1}, "QUOTE", *rc::gen::inRange(0, 25)};
  const Int128 minor = *any_minor();
  const Amount spent(quote.id, minor < 0 ? -minor : minor);
  const Price price{*rc::gen::inRange<std::int64_t>(1, INT64_MAX)};
  const auto bought = machines::bought_with(spent, price, base, quote, Rounding::down);
  if (!bought) return;
  const auto worth = machines::value_at(*bought, price, base, quote, Rounding::up);
  RC_ASSERT(worth.has_value() && worth->minor() <= spent.minor());
}

TEST(Wide, OneEtherAtItsPriceIsThatManyTether) {
  const Asset eth{{2}, "ETH", 18};
  const Asset usdt{{1}, "USDT", 8};
  const Amount one(eth.id, machines::power_of_ten(18));
  EXPECT_EQ(machines::value_at(one, {30'161'000'000}, eth, usdt, Rounding::down)->minor(), 30'161'000'000);
  EXPECT_EQ(machines::bought_with(Amount(usdt.id, 30'161'000'000), {30'161'000'000}, eth, usdt, Rounding::down).value(),
            one);
  EXPECT_EQ(machines::bought_with(Amount(usdt.id, 1), {0}, eth, usdt, Rounding::down).error(),
            AmountError::division_by_zero);
  EXPECT_EQ(machines::value_at(Amount(usdt.id, 1), {1}, eth, usdt, Rounding::down).error(),
            AmountError::asset_mismatch);
}

TEST(Wide, APriceIsMovedByAShareAndRefusedWhereItWouldNotFit) {
  EXPECT_EQ(machines::adjusted({10'000'000'000}, {500}, Rounding::up)->e8, 10'005'000'000);
  EXPECT_EQ(machines::adjusted({10'000'000'000}, {-500}, Rounding::down)->e8, 9'995'000'000);
  EXPECT_EQ(machines::adjusted({INT64_MAX}, {1}, Rounding::up).error(), AmountError::overflow);
}

TEST(Wide, AFeeIsRoundedAsNamed) {
  const Amount amount({1}, 1'000'001);
  EXPECT_EQ(machines::share_of(amount, {1'000}, Rounding::up)->minor(), 1'001);
  EXPECT_EQ(machines::share_of(amount, {1'000}, Rounding::down)->minor(), 1'000);
  EXPECT_EQ(machines::share_of(Amount({1}, -1'000'001), {1'000}, Rounding::floor)->minor(), -1'001);
}

}  // namespace
