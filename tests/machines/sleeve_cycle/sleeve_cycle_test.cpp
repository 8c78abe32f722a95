// tests/machines/sleeve_cycle/sleeve_cycle_test.cpp: the cycle's whole matrix is on record; what it refuses, and where
// its decisions turn.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "machines/sleeve_cycle/decide.hpp"
#include "tests/machines/golden.hpp"
#include "tests/machines/house.hpp"

namespace {

namespace cycle = machines::sleeve_cycle;
using cycle::Event;
using cycle::State;
using machines::Amount;
using machines::Price;
using tests::eth;
using tests::usdt;

Amount money(std::int64_t whole) { return {usdt, whole * machines::power_of_ten(8)}; }
Amount coins(std::int64_t thousandths) { return {eth, thousandths * machines::power_of_ten(15)}; }
constexpr Price price(std::int64_t whole) { return {whole * 100'000'000}; }

// Rising by 2 % an hour, with 1,000 USDT at hand.
cycle::Facts facts_of(std::int64_t quote) {
  cycle::Facts facts;
  facts.accounts = tests::sleeve_accounts();
  facts.instrument = tests::eth_usdt();
  facts.allocation = money(1'000);
  facts.quote_available = money(quote);
  facts.base_available = coins(0);
  facts.window = {price(102), price(100), price(99)};
  facts.data.cost = facts.data.proceeds = facts.data.fees = facts.data.realized = money(0);
  facts.data.base = coins(0);
  return facts;
}

auto look(State state, const cycle::Facts& facts) { return cycle::decide(state, facts, {cycle::Told::look}); }

// Never nothing: a step, or a refusal.
machines::Result<cycle::Step, cycle::Refusal> order_ended(State state, const cycle::Facts& facts,
                                                          const machines::OrderSummary& summary) {
  const auto step = cycle::decide(state, facts, {cycle::Told::order_ended, summary});
  if (!step) return machines::fail(step.error());
  return step->value();
}

TEST(SleeveCycle, TheWholeMatrixIsOnRecord) {
  const auto answer = [](State from, Event on) {
    const auto row = cycle::transitions.find(from, on);
    if (!row) return std::string("refused no_such_row");
    return std::string(machines::name_of(row->to)) + ' ' + std::string(machines::name_of(row->then));
  };
  tests::expect_golden("tests/machines/sleeve_cycle/golden_matrix.txt", tests::matrix<State, Event>(answer));
}

TEST(SleeveCycle, AnOrdersEndIsRefusedWhereNoneWasPlaced) {
  const machines::OrderSummary nothing{coins(0), money(0), money(0), {}};
  for (const State state : {State::watching, State::holding, State::closed})
    EXPECT_EQ(order_ended(state, facts_of(1'000), nothing).error(), cycle::Refusal::no_such_row);
}

TEST(SleeveCycle, WhatItIsToldInAStateThatDoesNotTakeItIsRefused) {
  using cycle::Told;
  for (const auto& [told, takes] :
       std::map<Told, std::set<State>>{{Told::look, {State::watching, State::holding}},
                                       {Told::resume, {State::paused}},
                                       {Told::order_ended, {State::entering, State::leaving}},
                                       {Told::sold_outside, {State::holding}}})
    for (std::size_t at = 0; at < machines::count_of<State>; ++at) {
      const auto state = static_cast<State>(at);
      const auto step = cycle::decide(state, facts_of(1'000), {told, {coins(0), money(0), money(0), {}}});
      EXPECT_EQ(!step && step.error() == cycle::Refusal::no_such_row, !takes.contains(state))
          << machines::name_of(told) << " " << machines::name_of(state);
    }
}

TEST(SleeveCycle, NumbersThatDoNotFitAreRefused) {
  auto facts = facts_of(0);
  const machines::Int128 most = machines::power_of_ten(38) - 1;
  facts.base_available = coins(1'000);
  facts.data.cost = Amount(usdt, most);
  EXPECT_EQ(order_ended(State::entering, facts, {coins(1'000), money(100), money(1), {}}).error(),
            cycle::Refusal::overflow);
  facts.data.cost = money(0);
  facts.data.proceeds = Amount(usdt, most);
  EXPECT_EQ(order_ended(State::leaving, facts, {coins(1'000), money(100), money(1), {}}).error(),
            cycle::Refusal::overflow);
}

TEST(SleeveCycle, BuysWithAllItHasFromTheMinimumOn) {
  EXPECT_TRUE(look(State::watching, facts_of(5))->has_value());
  auto facts = facts_of(5);
  facts.quote_available = Amount(usdt, 499'999'999);
  EXPECT_FALSE(look(State::watching, facts)->has_value());
  facts.quote_available = Amount(usdt, 123'456'789'012);
  const auto step = look(State::watching, facts).value();
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->order->size.minor(), 123'456'789'012);
  EXPECT_TRUE(step->order->is_buy);
}

TEST(SleeveCycle, BuysNothingWhilePausedButStillSells) {
  auto facts = facts_of(1'000);
  facts.frozen = machines::Frozen::entries;
  EXPECT_FALSE(look(State::watching, facts)->has_value());
  facts.base_available = facts.data.base = coins(10'000);
  facts.data.cost = money(2'000);
  facts.data.entry_price = price(200);
  const auto step = look(State::holding, facts).value();
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->data.exit_reason, "stop_loss");
}

TEST(SleeveCycle, SellsWholeLotsOnly) {
  auto facts = facts_of(0);
  facts.base_available = facts.data.base = Amount(eth, 10 * machines::power_of_ten(18) + 1);
  facts.data.cost = money(2'000);
  facts.data.entry_price = price(200);
  EXPECT_EQ(look(State::holding, facts).value()->order->size, coins(10'000));
}

TEST(SleeveCycle, OffersTheVenueNothingBelowItsMinimum) {
  auto facts = facts_of(0);
  facts.base_available = facts.data.base = coins(40);  // 4.08 USDT at 102
  facts.data.cost = money(20);
  facts.data.entry_price = price(500);
  EXPECT_FALSE(look(State::holding, facts)->has_value());
  facts.base_available = coins(50);
  EXPECT_TRUE(look(State::holding, facts)->has_value());
}

TEST(SleeveCycle, DustTakesItsCostToTheNextCycle) {
  auto facts = facts_of(0);
  facts.data.number = 7;
  facts.data.base = coins(10'000);
  facts.data.cost = money(1'000);
  facts.data.entry_price = price(100);
  facts.base_available = coins(20);  // of ten coins, 0.02 are left: 2 of 1,000 USDT
  const auto step = order_ended(State::leaving, facts, {coins(9'980), money(1'100), money(1), {}}).value();
  EXPECT_EQ(step.to, State::closed);
  EXPECT_EQ(step.data.realized, money(1'099 - 998));
  ASSERT_TRUE(step.next_cycle.has_value());
  EXPECT_EQ(step.next_cycle->cost, money(2));
  EXPECT_EQ(step.next_cycle->base, coins(20));
  EXPECT_EQ(step.next_cycle->number, 8);
}

// Ten coins were bought for 1,000; 9 are sold with a gain of 90. The tenth is worth what it cost, less 1.5 or 1.6 %.
TEST(SleeveCycle, WhatIsLeftOfAPartlySoldPositionIsStoppedByItsOwnLoss) {
  auto facts = facts_of(0);
  facts.instrument.taker_fee = {0};
  facts.data.base = coins(10'000);
  facts.data.cost = money(1'000);
  facts.data.proceeds = money(990);
  facts.data.entry_price = price(100);
  facts.base_available = coins(1'000);
  facts.window = {Price{9'850'000'000}, std::nullopt, std::nullopt};
  EXPECT_FALSE(look(State::holding, facts)->has_value());
  facts.window.now = Price{9'840'000'000};
  const auto step = look(State::holding, facts).value();
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->data.exit_reason, "stop_loss");
}

TEST(SleeveCycle, Inv3FlashReturnsTheLastUnitAboveItsAllocationAndNoneBelow) {
  auto facts = facts_of(0);
  facts.kind = machines::SleeveKind::flash;
  facts.data.base = coins(10'000);
  facts.data.cost = money(1'000);
  const auto swept = [&](int above) {
    facts.quote_available = Amount(usdt, money(1'000).minor() + above);
    return tests::describe(order_ended(State::leaving, facts, {coins(10'000), money(1'000), money(0), {}})->postings);
  };
  EXPECT_EQ(swept(1), "single 0.00000001 quote>tradeable sweep");
  EXPECT_EQ(swept(0), "");
  EXPECT_EQ(swept(-1), "");
}

// Cheap dust from before makes even the entry price a gain.
TEST(SleeveCycle, TheEntryPriceCountsAsAHigh) {
  auto facts = facts_of(0);
  facts.data.base = facts.base_available = coins(10'000);
  facts.data.cost = money(900);
  facts.data.entry_price = price(100);
  facts.high_since = facts.window.now = price(99);
  facts.window.hour_ago = price(100);
  const auto step = look(State::holding, facts).value();
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->data.exit_reason, "trail");
}

TEST(SleeveCycle, AValueBeyondAllAmountsIsNoDust) {
  auto facts = facts_of(0);
  facts.data.base = facts.base_available = Amount(eth, machines::power_of_ten(38) - 1);
  facts.data.cost = money(1);
  facts.data.entry_price = {INT64_MAX};
  facts.instrument.base.scale = 0;
  EXPECT_EQ(order_ended(State::leaving, facts, {coins(0), money(0), money(0), {}})->to, State::holding);
  facts.window.now = {INT64_MAX};
  EXPECT_EQ(look(State::holding, facts).error(), cycle::Refusal::overflow);
}

TEST(SleeveCycle, TheEntryPriceIsTheAverageRoundedOnceAtAnyScale) {
  for (const auto& [base_scale, quote_scale] : {std::pair{18, 8}, {8, 2}, {0, 24}, {24, 0}, {8, 24}}) {
    auto facts = facts_of(0);
    facts.instrument.base.scale = base_scale;
    facts.instrument.quote.scale = quote_scale;
    facts.instrument.lot = facts.instrument.min_notional = Amount(eth, 1);
    const Amount base(eth, 3 * machines::power_of_ten(base_scale));
    const Amount quote(usdt, 2'000 * machines::power_of_ten(quote_scale));
    facts.base_available = base;
    const auto step = order_ended(State::entering, facts, {base, quote, money(0), {}}).value();
    EXPECT_EQ(step.data.entry_price.e8, 66'666'666'667) << base_scale << ' ' << quote_scale;
  }
}

TEST(SleeveCycle, LooksAgainAtTheNextClose) {
  EXPECT_EQ(cycle::next_look({0}), machines::Instant{3'599'999'000});
  EXPECT_EQ(cycle::next_look({3'599'999'000}), machines::Instant{7'199'999'000});
}

}  // namespace
