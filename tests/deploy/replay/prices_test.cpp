// tests/deploy/replay/prices_test.cpp: the prices of a replay: a file that was named, or our own sample.
#include "deploy/replay/prices.hpp"

#include <gmock/gmock.h>

#include "tests/support/folder.hpp"

namespace tests {
namespace {

using schemas::config::Config;
using testing::HasSubstr;
using testing::StartsWith;

class Prices : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  [[nodiscard]] std::string file(const std::string& symbol) const {
    write_text(path("prices.csv"), "unix,symbol,open,high,low,close\n1704067200," + symbol +
                                       ",2000,2010,1990,2005\n1704070800," + symbol + ",2005,2020,2000,2010\n");
    return path("prices.csv");
  }
  // The exit code and the sentence of what is refused.
  [[nodiscard]] std::string refusal(const Config& config, const std::string& named, const std::string& sample) const {
    const auto prices = deploy::load_prices(config, named, sample);
    return prices ? "" : std::to_string(prices.error().exit_code) + ": " + prices.error().text;
  }

  TempFolder folder_;
};

TEST_F(Prices, WithoutAFileTheSampleOfTheConfigurationIsMade) {
  Config config;
  config.sample.bars = 30;
  const auto one = deploy::load_prices(config, "", path("one.csv"));
  ASSERT_TRUE(one) << one.error().text;
  EXPECT_EQ(one->path, path("one.csv"));
  EXPECT_EQ(one->file.bars.size(), 30U);
  EXPECT_EQ(one->file.symbol, "ETH/USDT");
  EXPECT_TRUE(std::filesystem::exists(path("one.csv")));
  const auto again = deploy::load_prices(config, "", path("again.csv"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->file.sha256, one->file.sha256);
  config.sample.seed = 2;
  const auto other = deploy::load_prices(config, "", path("other.csv"));
  ASSERT_TRUE(other);
  EXPECT_NE(other->file.sha256, one->file.sha256);
}

TEST_F(Prices, AFileThatWasNamedIsReadAndNoSampleIsMade) {
  const auto prices = deploy::load_prices({}, file("ETHUSDT"), path("sample.csv"));
  ASSERT_TRUE(prices) << prices.error().text;
  EXPECT_EQ(prices->path, path("prices.csv"));
  EXPECT_EQ(prices->file.bars.size(), 2U);
  EXPECT_FALSE(std::filesystem::exists(path("sample.csv")));
}

TEST_F(Prices, WhatAPersonNamedIsRefusedAsUsageAndWhatWeCantWriteAsAFailure) {
  EXPECT_THAT(refusal({}, path("nowhere.csv"), path("sample.csv")), StartsWith("2: " + path("nowhere.csv")));
  EXPECT_THAT(refusal({}, "", path("nowhere/sample.csv")), StartsWith("1: " + path("nowhere/sample.csv")));
}

TEST_F(Prices, PricesThatTheConfigurationCantTradeAreRefusedByTheirFile) {
  EXPECT_THAT(refusal({}, file("ETHEUR"), path("sample.csv")),
              StartsWith("2: " + path("prices.csv") + ": the prices are of ETH in EUR, and the vault holds USDT"));
  Config coarse;
  coarse.paper.lot = schemas::config::Decimal::whole(1);
  EXPECT_THAT(refusal(coarse, file("ETHUSDT"), path("sample.csv")), HasSubstr("venue.paper.lot is 1 ETH"));
}

}  // namespace
}  // namespace tests
