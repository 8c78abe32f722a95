// tests/machines/core/split_test.cpp: legs and rounding add up to their source, whatever the weights.
#include "machines/core/split.hpp"

#include <gmock/gmock.h>

#include <random>

namespace {

using machines::Amount;
using machines::AmountError;
using machines::Int128;

constexpr machines::AssetId usdt{1};
constexpr Int128 most = machines::power_of_ten(38) - 1;

TEST(Split, Inv34AMillionRandomSplitsAddUpToTheirSource) {
  std::mt19937_64 random(20'240'608);
  for (int round = 0; round < 1'000'000; ++round) {
    const auto wide = (static_cast<machines::UInt128>(random()) << 64) | random();
    const auto digits = static_cast<int>(random() % 38) + 1;
    const auto size = static_cast<Int128>(wide % static_cast<machines::UInt128>(machines::power_of_ten(digits)));
    const Amount source(usdt, random() % 2 == 0 ? size : -size);
    std::vector<std::int64_t> weights(1 + random() % 6);
    for (std::int64_t& weight : weights) weight = static_cast<std::int64_t>(random() % 1'000'000'007);
    weights[random() % weights.size()] += 1;
    const auto split = machines::split(source, weights).value();
    Int128 sum = split.rounding.minor();
    for (const Amount& leg : split.legs) sum += leg.minor();
    ASSERT_EQ(sum, source.minor());
    ASSERT_EQ(split.legs.size(), weights.size());
    const Int128 rest = source.is_negative() ? -split.rounding.minor() : split.rounding.minor();
    ASSERT_TRUE(rest >= 0 && rest < static_cast<Int128>(weights.size())) << machines::to_text(rest);
  }
}

TEST(Split, IsByWeightAndRefusesWeightsThatMeanNothing) {
  const auto split = machines::split(Amount(usdt, 100), std::vector<std::int64_t>{1, 0, 2}).value();
  EXPECT_EQ(split.legs, (std::vector<Amount>{Amount(usdt, 33), Amount(usdt, 0), Amount(usdt, 66)}));
  EXPECT_EQ(split.rounding, Amount(usdt, 1));
  EXPECT_EQ(machines::split(Amount(usdt, most), std::vector<std::int64_t>{INT64_MAX, INT64_MAX})->legs[0].minor(),
            most / 2);
  for (const std::vector<std::int64_t>& weights : std::vector<std::vector<std::int64_t>>{{}, {0, 0}, {1, -1}, {5, -1}})
    EXPECT_EQ(machines::split(Amount(usdt, 100), weights).error(), AmountError::division_by_zero);
}

}  // namespace
