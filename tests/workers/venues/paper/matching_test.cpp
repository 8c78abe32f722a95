#include "workers/venues/paper/matching.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "tests/workers/venues/paper/support.hpp"

namespace workers::venues::paper {
namespace {

using namespace tests;

Resting resting(Side side, Int128 size, int fills = 0) {
  return {side, Amount(side == Side::buy ? usdt.id : eth.id, size), hour(1) - machines::seconds(1), fills};
}

PaperRules whole_fills() {
  PaperRules rules;
  rules.partial_fill = {0};
  return rules;
}
PaperRules part_fills() {
  PaperRules rules;
  rules.partial_fill = {machines::ppm_of_one};
  return rules;
}

const Filled& fill_of(const Match& match) { return std::get<Filled>(match); }

PaperRules any_rules() {
  PaperRules rules;
  rules.half_spread = {*rc::gen::inRange<std::int64_t>(0, 20'000)};
  rules.slippage = {*rc::gen::inRange<std::int64_t>(0, 20'000)};
  rules.partial_fill = {*rc::gen::inRange<std::int64_t>(0, machines::ppm_of_one + 1)};
  rules.seed = *rc::gen::arbitrary<std::uint64_t>();
  return rules;
}
Market any_market() {
  Market market = eth_usdt();
  market.instrument.taker_fee = {*rc::gen::inRange<std::int64_t>(0, 100'001)};
  market.instrument.lot = Amount(eth.id, *rc::gen::inRange<std::int64_t>(1, INT64_MAX / 1000));
  market.tick = {*rc::gen::inRange<std::int64_t>(1, 1'000'000'000)};
  return market;
}
OpenBar any_bar() { return {"ETH/USDT", hour(1), Price{*rc::gen::inRange<std::int64_t>(1, 10'000'000'000'000)}}; }

TEST(Match, AWholePurchaseIsWhatTheHandCalculationSays) {
  PaperRules rules = whole_fills();
  rules.half_spread = {100};
  rules.slippage = {0};
  const auto match_ = match(rules, eth_usdt(), resting(Side::buy, 5000 * one_usdt), bar_at(1, 30'161));
  const Filled& got = fill_of(match_);
  // 301.61 * 1.0001 = 301.640161, up to the cent: 301.65. 5000 / 1.001 / 301.65 = 16.5589... ETH, down to the lot.
  EXPECT_EQ(got.fill.price.e8, 30'165'000'000);
  EXPECT_EQ(got.fill.base, Int128{165'589} * lot);
  EXPECT_EQ(got.fill.quote, Int128{499'499'218'500});  // 16.5589 * 301.65 = 4994.992185
  EXPECT_EQ(got.fill.fee, Int128{499'499'219});        // 4.99499218500 rounded up
  EXPECT_FALSE(got.fill.is_maker);
  EXPECT_TRUE(got.complete);
}

TEST(Match, AWholeSaleIsRoundedAgainstTheSeller) {
  PaperRules rules = whole_fills();
  rules.half_spread = {100};
  rules.slippage = {0};
  const auto match_ = match(rules, eth_usdt(), resting(Side::sell, one_eth + lot / 2), bar_at(1, 30'161));
  const Filled& got = fill_of(match_);
  EXPECT_EQ(got.fill.price.e8, 30'157'000'000);  // 301.579839 down to the cent
  EXPECT_EQ(got.fill.base, one_eth);
  EXPECT_EQ(got.fill.quote, Int128{30'157'000'000});
  EXPECT_EQ(got.fill.fee, Int128{30'157'000});
  EXPECT_EQ(got.left.minor(), lot / 2);  // dust
  EXPECT_TRUE(got.complete);
}

PaperRules at_the_open() {
  PaperRules rules = whole_fills();
  rules.half_spread = rules.slippage = {0};
  return rules;
}

TEST(Match, AFeeInBaseLeavesTheWholeSizeToBuyWith) {
  const Market market = with_fees_in(FeesIn::received);
  const auto bought = match(at_the_open(), market, resting(Side::buy, 3001 * one_usdt), bar_at(1, 30'000));
  const Filled& buy = fill_of(bought);  // 3001 / 300 = 10.00333, down to the lot: 10.0033 for 3000.99
  EXPECT_EQ(buy.fill.base, Int128{100'033} * lot);
  EXPECT_EQ(buy.fill.quote, Int128{300'099'000'000});
  EXPECT_EQ(buy.fill.fee, Int128{100'033} * lot / 1000);
  EXPECT_EQ(buy.fill.fee_asset, "ETH");
  EXPECT_EQ(buy.left.minor(), one_usdt / 100);
  const auto sold = match(at_the_open(), market, resting(Side::sell, one_eth), bar_at(1, 30'000));
  EXPECT_EQ(fill_of(sold).fill.fee, 30'000'000);  // 0.3 USDT
  EXPECT_EQ(fill_of(sold).fill.fee_asset, "");
}

TEST(Match, AFeeInCoinsIsItsValueInQuoteConvertedAndRoundedUp) {
  Market market = with_fees_in(FeesIn::coin);
  market.fees.coin.scale = 4;
  const auto bought = match(at_the_open(), market, resting(Side::buy, 3000 * one_usdt), bar_at(1, 30'000));
  EXPECT_EQ(fill_of(bought).fill.base, 10 * one_eth);  // all of it buys
  EXPECT_EQ(fill_of(bought).fill.quote, 3000 * one_usdt);
  EXPECT_EQ(fill_of(bought).fill.fee, 60);  // 3 USDT at 500
  EXPECT_EQ(fill_of(bought).fill.fee_asset, "BNB");
  const auto sold = match(at_the_open(), market, resting(Side::sell, one_eth), bar_at(1, 30'001));
  EXPECT_EQ(fill_of(sold).fill.quote, Int128{30'001'000'000});
  EXPECT_EQ(fill_of(sold).fill.fee, 7);  // 0.30001 USDT at 500: 0.00060002, up
}

TEST(Match, WithFeesInQuoteAMarketIsAsIfItKnewNoOther) {
  const auto order = resting(Side::buy, 3000 * one_usdt);
  const auto plain = match(at_the_open(), eth_usdt(), order, bar_at(1, 30'000));
  const auto back = match(at_the_open(), with_fees_in_quote(with_fees_in(FeesIn::coin)), order, bar_at(1, 30'000));
  EXPECT_EQ(fill_of(back).fill, fill_of(plain).fill);
}

RC_GTEST_PROP(Match, WithoutAFeeInQuoteAPurchaseCostsAtMostItsSizeAndNoLotMoreFits, ()) {
  Market market = any_market();
  market.fees = {*rc::gen::element(FeesIn::received, FeesIn::coin), bnb,
                 Price{*rc::gen::inRange<std::int64_t>(1, INT64_MAX)}};
  const Int128 size = *rc::gen::inRange<std::int64_t>(1, INT64_MAX / 8);
  const auto match_ = match(any_rules(), market, resting(Side::buy, size), any_bar());
  if (!std::holds_alternative<Filled>(match_)) return;
  const auto& [fill, left, complete] = fill_of(match_);
  RC_ASSERT(fill.quote + left.minor() == size);
  RC_ASSERT(left.minor() >= 0);
  const std::int64_t rate = market.instrument.taker_fee.ppm;
  if (market.fees.in == FeesIn::received) {
    RC_ASSERT(fill.fee <= fill.base);
    RC_ASSERT(fill.fee * machines::ppm_of_one >= fill.base * rate);
    RC_ASSERT((fill.fee - 1) * machines::ppm_of_one < fill.base * rate);
  } else {
    const auto value = machines::share_of(Amount(usdt.id, fill.quote), {rate}, machines::Rounding::up);
    const auto paid =
        machines::value_at(Amount(bnb.id, fill.fee), market.fees.coin_price, bnb, usdt, machines::Rounding::down);
    RC_ASSERT(!paid || paid->minor() >= value->minor());
  }
  if (!complete) return;
  const Amount more(eth.id, fill.base + market.instrument.lot.minor());
  const auto cost = machines::value_at(more, fill.price, eth, usdt, machines::Rounding::up);
  RC_ASSERT(!cost || cost->minor() > size);
}

TEST(MatchByHand, FillsAllAtTheOpenOrNothing) {
  const auto sold = match_by_hand(eth_usdt(), Side::sell, Amount(eth.id, one_eth + lot / 2), bar_at(1, 30'161));
  EXPECT_EQ(fill_of(sold).fill.price, (Price{30'161'000'000}));
  EXPECT_EQ(fill_of(sold).fill.base, one_eth);
  EXPECT_EQ(fill_of(sold).fill.fee, 30'161'000);
  EXPECT_TRUE(fill_of(sold).complete);
  const auto bought = match_by_hand(eth_usdt(), Side::buy, Amount(usdt.id, 3003 * one_usdt), bar_at(1, 30'000));
  EXPECT_EQ(fill_of(bought).fill.base, 10 * one_eth);
  const auto low = match_by_hand(eth_usdt(), Side::sell, Amount(eth.id, lot), bar_at(1, 30'161));
  EXPECT_EQ(std::get<Dropped>(low).reason, "below_minimum");
}

TEST(Match, AnOrderIsUntouchedByTheBarItWasPlacedIn) {
  Resting order = resting(Side::buy, 5000 * one_usdt);
  order.placed_at = hour(1);
  EXPECT_TRUE(std::holds_alternative<Untouched>(match(whole_fills(), eth_usdt(), order, bar_at(1, 30'000))));
  EXPECT_TRUE(std::holds_alternative<Filled>(match(whole_fills(), eth_usdt(), order, bar_at(2, 30'000))));
}

TEST(Match, BelowTheMinimumAnOrderIsDropped) {
  const auto low = match(whole_fills(), eth_usdt(), resting(Side::sell, lot), bar_at(1, 30'000));
  EXPECT_EQ(std::get<Dropped>(low).reason, "below_minimum");
  const auto dear = match(whole_fills(), eth_usdt(), resting(Side::buy, 11 * one_usdt), bar_at(1, 20'000'000));
  EXPECT_EQ(std::get<Dropped>(dear).reason, "below_minimum");  // one lot costs 20 USDT
}

TEST(Match, WhereAPartOrTheRestWouldBeBelowTheMinimumAllFills) {
  const auto match_ = match(part_fills(), eth_usdt(), resting(Side::buy, 19 * one_usdt), bar_at(1, 30'000));
  EXPECT_TRUE(fill_of(match_).complete);
}

TEST(Match, APriceThatFallsToNothingIsNoFill) {
  const auto match_ = match(whole_fills(), eth_usdt(), resting(Side::sell, one_eth), bar_at(1, 1));
  EXPECT_EQ(std::get<Dropped>(match_).reason, "unpriceable");
}

RC_GTEST_PROP(Match, APurchaseNeverCostsMoreThanItsSizeAndNoLotMoreFits, ()) {
  const Market market = any_market();
  const OpenBar bar = any_bar();
  const Int128 size = *rc::gen::inRange<std::int64_t>(1, INT64_MAX / 8);
  const auto match_ = match(any_rules(), market, resting(Side::buy, size), bar);
  if (!std::holds_alternative<Filled>(match_)) return;
  const auto& [fill, left, complete] = fill_of(match_);
  RC_ASSERT(fill.quote + fill.fee + left.minor() == size);
  RC_ASSERT(left.minor() >= 0);
  RC_ASSERT(fill.base > 0);
  RC_ASSERT(fill.base % market.instrument.lot.minor() == 0);
  RC_ASSERT(fill.price.e8 % market.tick.e8 == 0);
  RC_ASSERT(fill.price >= bar.open);
  if (!complete) return;
  const Amount more(eth.id, fill.base + market.instrument.lot.minor());
  const auto cost = machines::value_at(more, fill.price, eth, usdt, machines::Rounding::up);
  if (!cost) return;
  const auto fee = machines::share_of(*cost, market.instrument.taker_fee, machines::Rounding::up);
  RC_ASSERT(cost->minor() + fee->minor() > size);
}

RC_GTEST_PROP(Match, ASaleSellsWholeLotsOfWhatThereIsAndPaysNoMoreThanTheOpen, ()) {
  const Market market = any_market();
  const OpenBar bar = any_bar();
  const Int128 size = Int128{*rc::gen::inRange<std::int64_t>(1, INT64_MAX / 8)} * 100;
  const auto match_ = match(any_rules(), market, resting(Side::sell, size), bar);
  if (!std::holds_alternative<Filled>(match_)) return;
  const auto& [fill, left, complete] = fill_of(match_);
  RC_ASSERT(fill.base + left.minor() == size);
  RC_ASSERT(left.minor() >= 0);
  RC_ASSERT(fill.base % market.instrument.lot.minor() == 0);
  RC_ASSERT(fill.price <= bar.open);
  const auto at_price = machines::value_at(Amount(eth.id, fill.base), fill.price, eth, usdt, machines::Rounding::down);
  RC_ASSERT(fill.quote == at_price->minor());
  RC_ASSERT(fill.fee * machines::ppm_of_one >= fill.quote * market.instrument.taker_fee.ppm);
  if (complete) RC_ASSERT(left.minor() < market.instrument.lot.minor());
}

RC_GTEST_PROP(Match, APartAndItsRestReachTheMinimumAndTheSecondBarCompletes, ()) {
  const PaperRules rules = part_fills();
  const bool is_buy = *rc::gen::arbitrary<bool>();
  const Int128 size = Int128{*rc::gen::inRange<std::int64_t>(1, 20'000)} * (is_buy ? one_usdt : one_eth / 100);
  Resting order = resting(is_buy ? Side::buy : Side::sell, size);
  const auto first = match(rules, eth_usdt(), order, bar_at(1, 30'000));
  if (!std::holds_alternative<Filled>(first) || fill_of(first).complete) return;
  RC_ASSERT(fill_of(first).fill.quote >= 10 * one_usdt);
  order.left = fill_of(first).left;
  order.fills = 1;
  const auto second = match(rules, eth_usdt(), order, bar_at(2, 30'000));
  RC_ASSERT(fill_of(second).complete);
  RC_ASSERT(fill_of(second).fill.number == 2);
  const auto part_ppm =
      fill_of(first).fill.base * machines::ppm_of_one / (fill_of(first).fill.base + fill_of(second).fill.base);
  RC_ASSERT(part_ppm >= 190'000);
  RC_ASSERT(part_ppm <= 810'000);
}

// The chance is the chance: over 4,000 drawn orders, 15 % and 50 % within 2.5 %.
TEST(Match, PartFillsComeAsOftenAsTheRulesSay) {
  for (const std::int64_t chance : {150'000, 500'000}) {
    PaperRules rules;
    rules.partial_fill = {chance};
    int parts = 0;
    for (int i = 0; i < 4000; ++i)
      parts += fill_of(match(rules, eth_usdt(), resting(Side::buy, (1000 + i) * one_usdt), bar_at(1, 30'000))).complete
                   ? 0
                   : 1;
    EXPECT_NEAR(parts / 4000.0, static_cast<double>(chance) / 1e6, 0.025);
  }
}

TEST(Match, AnotherSeedBarSideOrSizeDrawsAnotherSlippage) {
  PaperRules rules = whole_fills();
  rules.slippage = {100'000};
  const auto price = [&](const PaperRules& r, Int128 size, std::int64_t at) {
    return fill_of(match(r, eth_usdt(), resting(Side::buy, size), bar_at(at, 3'000'000))).fill.price;
  };
  PaperRules other = rules;
  other.seed = 2;
  const Price base = price(rules, 5000 * one_usdt, 1);
  EXPECT_EQ(price(rules, 5000 * one_usdt, 1), base);
  EXPECT_NE(price(other, 5000 * one_usdt, 1), base);
  EXPECT_NE(price(rules, 5001 * one_usdt, 1), base);
  EXPECT_NE(price(rules, 5000 * one_usdt, 2), base);
}

TEST(RefusalOnPlacing, NamesWhatIsWrong) {
  EXPECT_EQ(refusal_on_placing(PaperRules{}, eth_usdt(), order_for(1, Side::buy, 0)), "bad_size");
  EXPECT_EQ(refusal_on_placing(PaperRules{}, eth_usdt(), order_for(1, Side::sell, -1)), "bad_size");
  EXPECT_EQ(refusal_on_placing(PaperRules{}, eth_usdt(), order_for(1, Side::buy, 10 * one_usdt - 1)), "below_minimum");
  EXPECT_EQ(refusal_on_placing(PaperRules{}, eth_usdt(), order_for(1, Side::buy, 10 * one_usdt)), "");
  EXPECT_EQ(refusal_on_placing(PaperRules{}, eth_usdt(), order_for(1, Side::sell, lot - 1)), "below_minimum");
  PaperRules always;
  always.reject = {machines::ppm_of_one};
  EXPECT_EQ(refusal_on_placing(always, eth_usdt(), order_for(1, Side::buy, 100 * one_usdt)), "drawn_reject");
}

TEST(RefusalOnPlacing, IsDrawnFromTheOrderAndNeverFromItsId) {
  PaperRules half;
  half.reject = {500'000};
  int rejected = 0;
  for (int i = 0; i < 200; ++i) {
    const auto refusal = refusal_on_placing(half, eth_usdt(), order_for(i, Side::buy, (100 + i) * one_usdt));
    EXPECT_EQ(refusal, refusal_on_placing(half, eth_usdt(), order_for(i + 1000, Side::buy, (100 + i) * one_usdt)));
    rejected += refusal.empty() ? 0 : 1;
  }
  EXPECT_NEAR(rejected, 100, 40);
}

TEST(Rules, ImpossibleValuesAreNamed) {
  EXPECT_EQ(PaperRules{}.validate(), "");
  EXPECT_EQ(eth_usdt().validate(), "");
  PaperRules rules;
  rules.half_spread = {-1};
  EXPECT_THAT(rules.validate(), testing::HasSubstr("half spread -1"));
  rules = {};
  rules.slippage = {INT64_MAX};
  EXPECT_THAT(rules.validate(), testing::HasSubstr("together"));
  rules = {};
  rules.partial_fill = {1'000'001};
  EXPECT_THAT(rules.validate(), testing::HasSubstr("partial fill chance 1000001"));
  Market market = eth_usdt();
  market.instrument.taker_fee = {-1};
  EXPECT_THAT(market.validate(), testing::HasSubstr("fee of -1"));
  market = eth_usdt();
  market.instrument.lot = Amount(eth.id, 0);
  EXPECT_THAT(market.validate(), testing::HasSubstr("lot"));
  market = eth_usdt();
  market.instrument.min_notional = Amount(eth.id, 1);
  EXPECT_THAT(market.validate(), testing::HasSubstr("minimum notional"));
  market = with_fees_in(FeesIn::coin);
  EXPECT_EQ(market.validate(), "");
  market.fees.coin_price = {};
  EXPECT_THAT(market.validate(), testing::HasSubstr("price of BNB"));
  market.fees.coin = usdt;
  EXPECT_THAT(market.validate(), testing::HasSubstr("neither ETH nor USDT"));
}

}  // namespace
}  // namespace workers::venues::paper
