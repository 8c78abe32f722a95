// tests/deploy/replay/market_fit_test.cpp: tick, lot and smallest order at any level of prices.
#include "deploy/replay/market_fit.hpp"

#include <gmock/gmock.h>

#include "deploy/replay/treasury_plan.hpp"

namespace tests {
namespace {

using schemas::config::Config;
using schemas::config::Decimal;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<workers::market::Bar> bars(std::initializer_list<const char*> closes) {
  std::vector<workers::market::Bar> made;
  for (const char* close : closes) {
    const machines::Price price{static_cast<std::int64_t>(*Decimal::parse(close)->at_scale(8))};
    made.push_back({{}, price, price, price, price});
  }
  return made;
}

std::vector<std::string> market(const Config& config) {
  return {config.paper.tick.text(), config.paper.lot.text(), config.paper.min_notional.text()};
}

TEST(MarketFit, EthIsAsItEverWas) {
  EXPECT_THAT(market(deploy::fitted({}, "ETH", "USDT", bars({"2280", "1600", "2400"}))),
              ElementsAre("0.01", "0.0001", "10"));
  EXPECT_THAT(market(deploy::fitted({}, "ETH", "USDT", bars({"300.79", "81.79", "4373"}))),
              ElementsAre("0.01", "0.0001", "10"));
}

TEST(MarketFit, AnyOtherLevelOfPricesHasItsOwn) {
  EXPECT_THAT(market(deploy::fitted({}, "DOGE", "USDT", bars({"0.081", "0.0702", "0.09"}))),
              ElementsAre("0.00001", "1", "10"));
  Config vault;
  vault.vault.asset = "BTC";
  vault.vault.tradeable = *Decimal::parse("1.5");
  vault.sleeves[0].allocation = Decimal::whole(1);
  EXPECT_THAT(market(deploy::fitted(vault, "ETH", "BTC", bars({"0.0531", "0.06"}))),
              ElementsAre("0.00001", "0.00001", "0.0001"));
}

TEST(MarketFit, WhatIsSetStaysWhereItFits) {
  Config config;
  config.paper.tick = *Decimal::parse("0.5");
  config.paper.lot = *Decimal::parse("0.002");
  EXPECT_EQ(deploy::too_coarse(config, "ETH", "USDT", bars({"2000"})), "");
  EXPECT_THAT(market(deploy::fitted(config, "ETH", "USDT", bars({"2000"}))), ElementsAre("0.5", "0.002", "10"));
}

TEST(MarketFit, WhatIsTooCoarseIsRefusedWithItsFigure) {
  Config config;
  config.paper.tick = *Decimal::parse("0.01");
  EXPECT_THAT(deploy::too_coarse(config, "DOGE", "USDT", bars({"0.081", "0.08"})),
              HasSubstr("venue.paper.tick is 0.01 USDT, which is 12.5 % of the lowest price, 0.08"));
  config.paper = {};
  config.paper.lot = Decimal::whole(1);
  EXPECT_THAT(deploy::too_coarse(config, "ETH", "USDT", bars({"2000"})),
              HasSubstr("venue.paper.lot is 1 ETH, worth 2000 USDT at the highest price: 40 %"));
}

TEST(MarketFit, AVenueWithoutPricesIsToldWhatItLacks) {
  Config config;
  EXPECT_EQ(deploy::unset_market(config, "ETH", "USDC"), "");
  EXPECT_EQ(deploy::unset_market(config, "DOGE", "USDT"), "tick, lot, min_notional");
  EXPECT_EQ(deploy::unset_market(config, "ETH", "BTC"), "tick, lot, min_notional");
  config.paper.tick = *Decimal::parse("0.00001");
  EXPECT_EQ(deploy::unset_market(config, "DOGE", "USDT"), "lot, min_notional");
  config.paper.lot = config.paper.min_notional = Decimal::whole(1);
  EXPECT_EQ(deploy::unset_market(config, "DOGE", "USDT"), "");
}

TEST(MarketFit, ASleeveBelowTheSmallestOrderIsNamed) {
  Config config;
  config.sleeves[0].allocation = Decimal::whole(9);
  EXPECT_THAT(deploy::cannot_trade(deploy::fitted(config, "ETH", "USDT", bars({"2000"})), "ETH/USDT", "USDT"),
              ElementsAre("sleeve quiet can't trade: it has 9 USDT, and the smallest order of ETH/USDT is 10 USDT"));
}

}  // namespace
}  // namespace tests
