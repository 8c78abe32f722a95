// tests/deploy/replay/treasury_plan_test.cpp: what a configuration means for one pair.
#include "deploy/replay/treasury_plan.hpp"

#include <gmock/gmock.h>

namespace tests {
namespace {

using machines::Amount;
using machines::power_of_ten;
using schemas::config::Config;
using schemas::config::Decimal;
using testing::HasSubstr;
using testing::SizeIs;
using workers::venues::paper::FeesIn;

Decimal decimal(const char* text) { return *Decimal::parse(text); }

workers::market::PriceFile prices(const std::string& base = "ETH", const std::string& quote = "USDT") {
  workers::market::PriceFile file;
  file.symbol = base + "/" + quote;
  file.base = base;
  file.quote = quote;
  const machines::Price price{200'000'000'000};
  file.bars.push_back({{}, price, price, price, price});
  return file;
}

TEST(TreasuryPlan, TheQuoteIsAssetOneTheBaseTwoInTheirOwnScales) {
  const auto usual = deploy::instrument_of({}, "ETH", "USDT");
  EXPECT_EQ(usual.quote.id.value, 1);
  EXPECT_EQ(usual.quote.scale, 8);
  EXPECT_EQ(usual.base.id.value, 2);
  EXPECT_EQ(usual.base.scale, 18);
  EXPECT_EQ(usual.lot, Amount({2}, power_of_ten(14))) << "0.0001 ETH, as large exchanges have it";
  EXPECT_EQ(usual.min_notional, Amount({1}, 10 * power_of_ten(8)));
  Config config;
  config.paper.lot = decimal("0.002");
  config.paper.min_notional = decimal("25");
  config.paper.taker_fee = {750};
  const auto set = deploy::instrument_of(config, "BTC", "USDC");
  EXPECT_EQ(set.base.scale, 8);
  EXPECT_EQ(set.lot, Amount({2}, 200'000));
  EXPECT_EQ(set.min_notional, Amount({1}, 25 * power_of_ten(8)));
  EXPECT_EQ(set.taker_fee.ppm, 750);
}

TEST(TreasuryPlan, PricesThatCantBeTradedAreRefusedWithWhatToWrite) {
  EXPECT_EQ(deploy::objection({}, prices()), "");
  EXPECT_EQ(deploy::objection({}, prices("ETH", "EUR")),
            "the prices are of ETH in EUR, and the vault holds USDT; write vault.asset = \"EUR\" in --config, or give "
            "prices in USDT");
  Config fine;
  fine.paper.lot = decimal("0.000000001");
  EXPECT_EQ(deploy::objection(fine, prices("BTC")),
            "venue.paper.lot is 0.000000001, and BTC has 8 decimals; write a larger lot in --config");
  EXPECT_EQ(deploy::objection(fine, prices()), "") << "ETH has 18";
  Config same;
  same.paper.fee_asset = "ETH";
  EXPECT_THAT(deploy::objection(same, prices()), HasSubstr("venue.paper.fee_asset is ETH, which the prices are of"));
  Config coarse;
  coarse.paper.lot = Decimal::whole(1);
  EXPECT_THAT(deploy::objection(coarse, prices()), HasSubstr("venue.paper.lot is 1 ETH"));
}

TEST(TreasuryPlan, FeesAreTakenInTheQuoteInWhatIsReceivedOrInACoinOfItsOwn) {
  Config config;
  EXPECT_EQ(deploy::fee_rule_of(config.paper).in, FeesIn::quote);
  config.paper.fee_asset = "received";
  EXPECT_EQ(deploy::fee_rule_of(config.paper).in, FeesIn::received);
  config.paper.fee_asset = "BNB";
  config.paper.fee_price = decimal("312.5");
  const auto rule = deploy::fee_rule_of(config.paper);
  EXPECT_EQ(rule.in, FeesIn::coin);
  EXPECT_EQ(rule.coin.id.value, 3);
  EXPECT_EQ(rule.coin.code, "BNB");
  EXPECT_EQ(rule.coin_price, machines::Price{31'250'000'000});
}

TEST(TreasuryPlan, WhatAVenuePromisesIsAsItsConfigurationSays) {
  using workers::venues::VenueProperties;
  EXPECT_EQ(deploy::properties_of({}), VenueProperties{});
  const VenueProperties strict{VenueProperties::Ids::among_open, false, 7'000, true, 350};
  EXPECT_EQ(deploy::properties_of({"among_open", false, "enforced", 7'000, 350}), strict);
}

TEST(TreasuryPlan, TheDefaultTreasuryIsTheVaultWithQuietAndFlash) {
  const auto spec = deploy::treasury_of({}, prices());
  EXPECT_EQ(spec.symbol, "ETH/USDT");
  EXPECT_EQ(spec.total, Amount({1}, 20'000 * power_of_ten(8)));
  EXPECT_EQ(spec.tradeable, Amount({1}, 15'000 * power_of_ten(8)));
  ASSERT_THAT(spec.sleeves, SizeIs(2));
  EXPECT_EQ(spec.sleeves[0].name, "quiet");
  EXPECT_EQ(spec.sleeves[0].kind, machines::SleeveKind::quiet);
  EXPECT_EQ(spec.sleeves[0].allocation, Amount({1}, 10'000 * power_of_ten(8)));
  EXPECT_EQ(spec.sleeves[1].kind, machines::SleeveKind::flash);
  EXPECT_EQ(spec.sleeves[1].allocation, Amount({1}, 5'000 * power_of_ten(8)));
  EXPECT_FALSE(spec.fee_asset);
  EXPECT_EQ(spec.reserve.rule, machines::policy::Rule::none);
  EXPECT_EQ(spec.reallocation.idle_to.value, 0);
  EXPECT_EQ(spec.settings, Config{}.frozen_text()) << "as it was asked for, before it was fitted to the prices";
}

TEST(TreasuryPlan, ReserveIdleCoinsAndFeeCoinsAreAsSet) {
  Config config;
  config.vault.reserve = "flexing";
  config.vault.reserve_least = {60'000};
  config.vault.reserve_most = {150'000};
  config.vault.idle_to = "flash";
  config.vault.idle_most = {20'000};
  config.vault.reclaim_after_loss = {300'000};
  config.paper.fee_asset = "BNB";
  config.paper.fee_price = decimal("300");
  config.paper.fee_coins = decimal("1.5");
  const auto spec = deploy::treasury_of(config, prices());
  EXPECT_EQ(spec.reserve.rule, machines::policy::Rule::flexing);
  EXPECT_EQ(spec.reserve.least.ppm, 60'000);
  EXPECT_EQ(spec.reserve.most.ppm, 150'000);
  EXPECT_EQ(spec.reallocation.idle_to.value, 2) << "sleeves count from 1 in their order";
  EXPECT_EQ(spec.reallocation.most_per_day.ppm, 20'000);
  EXPECT_EQ(spec.reallocation.reclaim_after_loss.ppm, 300'000);
  ASSERT_TRUE(spec.fee_asset);
  EXPECT_EQ(spec.fee_asset->code, "BNB");
  EXPECT_EQ(spec.fee_coins, Amount({3}, 15 * power_of_ten(17)));
}

}  // namespace
}  // namespace tests
