// The machines' own variables: what is written is read back, canonical, and what is not theirs is refused.
#include "schemas/codec/data.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "tests/schemas/codec/generators.hpp"

namespace schemas {
namespace {

using namespace tests;
using machines::Amount;

Amount amount() { return {{any<std::int32_t>()}, minor()}; }
int count() { return *rc::gen::inRange(0, std::numeric_limits<int>::max()); }

machines::order::Data order() {
  return {text(),    flag(),   amount(), {{whole()}, whole(), any<std::int32_t>()},
          amount(),  amount(), amount(), amount(),
          amount(),  amount(), count(),  {whole()},
          {whole()}, text()};
}
machines::sleeve_cycle::Data cycle() {
  return {whole(), {whole()}, amount(), amount(), {whole()}, amount(), amount(), text(), amount()};
}
machines::allocation::Data allocation() {
  return {enumerator<machines::allocation::Movement>(),
          amount(),
          amount(),
          text(),
          text(),
          text(),
          {whole()},
          {whole()},
          {whole()}};
}
machines::strategy::Momentum momentum() { return {{whole()}, {whole()}, {whole()}, {whole()}, {whole()}, {whole()}}; }

RC_GTEST_PROP(Data, AnOrderComesBack, ()) {
  const auto data = order();
  const auto back = parse_order(write_order(data));
  RC_ASSERT(back.has_value());
  RC_ASSERT(write_order(*back) == write_order(data));
  RC_ASSERT(back->is_buy == data.is_buy && back->size == data.size && back->base == data.base);
  RC_ASSERT(back->quote == data.quote && back->fees == data.fees && back->held == data.held);
  RC_ASSERT(back->hold == data.hold && back->fills == data.fills && back->placed_at == data.placed_at);
  RC_ASSERT(back->fees_base.minor() == data.fees_base.minor() && back->fees_other.minor() == data.fees_other.minor());
  RC_ASSERT(back->first_fill == data.first_fill && back->reason == data.reason && back->symbol == data.symbol);
}

RC_GTEST_PROP(Data, ABreakComesBack, ()) {
  machines::reconciliation::Data data;
  for (std::string* word : {&data.venue, &data.account, &data.person, &data.who, &data.why, &data.sleeve})
    *word = text();
  data.statement = whole();
  for (Amount* one : {&data.amount, &data.rest, &data.statement_total, &data.ledger_total}) *one = amount();
  data.external = {whole()};
  data.quarantine = {whole()};
  data.explained_as = machines::name_of(enumerator<machines::reconciliation::Explanation>());
  data.fills = several(text);
  data.corrects = several([] { return machines::reconciliation::PostingKey{{whole()}, whole(), any<std::int32_t>()}; });
  data.done =
      several([] { return machines::reconciliation::Done{text(), text(), {whole()}, amount(), {whole()}, {whole()}}; });
  const auto back = parse_break(write_break(data));
  RC_ASSERT(back.has_value());
  RC_ASSERT(write_break(*back) == write_break(data));
  RC_ASSERT(back->amount == data.amount && back->rest == data.rest && back->statement == data.statement);
  RC_ASSERT(back->statement_total == data.statement_total && back->ledger_total == data.ledger_total);
  RC_ASSERT(back->external == data.external && back->quarantine == data.quarantine && back->person == data.person);
  RC_ASSERT(back->done == data.done);
  RC_ASSERT(back->fills == data.fills && back->corrects == data.corrects && back->sleeve == data.sleeve);
  RC_ASSERT(back->who == data.who && back->why == data.why && back->explained_as == data.explained_as);
  RC_ASSERT(!parse_break(write_cycle(cycle())).has_value());
}

RC_GTEST_PROP(Data, ACycleComesBack, ()) {
  const auto data = cycle();
  const auto back = parse_cycle(write_cycle(data));
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->number == data.number && back->entered_at == data.entered_at && back->cost == data.cost);
  RC_ASSERT(back->base == data.base && back->entry_price == data.entry_price && back->proceeds == data.proceeds);
  RC_ASSERT(back->fees == data.fees && back->exit_reason == data.exit_reason && back->realized == data.realized);
}

RC_GTEST_PROP(Data, AnAllocationComesBack, ()) {
  const auto data = allocation();
  const auto back = parse_allocation(write_allocation(data));
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->movement == data.movement && back->amount == data.amount && back->reserve == data.reserve);
  RC_ASSERT(back->who == data.who && back->why == data.why && back->reason == data.reason);
  RC_ASSERT(back->external == data.external && back->vault_reserve == data.vault_reserve);
  RC_ASSERT(back->tradeable == data.tradeable);
}

RC_GTEST_PROP(Data, WhatStandsForSleevesAndVaultsComesBack, ()) {
  const machines::sleeve::Data sleeve{amount()};
  const auto kept = parse_sleeve(write_sleeve(sleeve));
  RC_ASSERT(kept.has_value() && kept->allocation == sleeve.allocation);
  const machines::vault::Data vault{{enumerator<machines::policy::Rule>(), {whole()}, {whole()}, {whole()}, amount()},
                                    {{whole()}, {whole()}, {whole()}}};
  const auto back = parse_vault(write_vault(vault));
  RC_ASSERT(back.has_value() && back->reserve.rule == vault.reserve.rule && back->reserve.least == vault.reserve.least);
  RC_ASSERT(back->reserve.most == vault.reserve.most && back->reserve.volatility == vault.reserve.volatility);
  RC_ASSERT(back->reserve.flexed == vault.reserve.flexed);
  RC_ASSERT(back->reallocation.idle_to == vault.reallocation.idle_to);
  RC_ASSERT(back->reallocation.most_per_day == vault.reallocation.most_per_day);
  RC_ASSERT(back->reallocation.reclaim_after_loss == vault.reallocation.reclaim_after_loss);
}

RC_GTEST_PROP(Data, StrategyRulesComeBack, ()) {
  const auto rules = momentum();
  const auto back = parse_momentum(write_momentum(rules));
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->buy_momentum == rules.buy_momentum && back->trend == rules.trend && back->arm == rules.arm);
  RC_ASSERT(back->stop_loss == rules.stop_loss && back->trail == rules.trail);
  RC_ASSERT(back->hold_uptrend == rules.hold_uptrend);
}

TEST(Data, IsCanonicalJson) {
  machines::sleeve_cycle::Data data;
  data.number = 3;
  data.cost = Amount({1}, 500'00000000);
  data.exit_reason = "trail";
  EXPECT_EQ(write_cycle(data),
            R"({"base":"0:0","cost":"1:50000000000","entered_at":0,"entry_price":0,"exit_reason":"trail",)"
            R"("fees":"0:0","number":3,"proceeds":"0:0","realized":"0:0"})");
}

RC_GTEST_PROP(Data, NoTextMakesAParserThrow, ()) {
  std::string json = *rc::gen::element<std::string>(write_order({}), write_cycle({}), write_allocation({}), "[]", "{}");
  const auto at = *rc::gen::inRange<std::size_t>(0, json.size());
  if (flag())
    json.resize(at);
  else
    json[at] = static_cast<char>(*rc::gen::inRange(1, 256));
  for (const auto& text : {json, any<std::string>()}) {
    (void)parse_order(text);
    (void)parse_cycle(text);
    (void)parse_allocation(text);
    (void)parse_momentum(text);
  }
}

// One machine's data with one value replaced.
std::string cycle_with(const std::string& key, const std::string& value) {
  std::string json = write_cycle({});
  const auto at = json.find("\"" + key + "\":");
  const auto from = at + key.size() + 3;
  json.replace(from, json.find_first_of(",}", from) - from, value);
  return json;
}

TEST(Data, ANumberMustBeWholeAndFit) {
  EXPECT_TRUE(parse_cycle(cycle_with("number", "9223372036854775807")));
  for (const char* odd : {"1.5", "1e300", "9223372036854775808", "\"1\"", "true", "null", "[1]"})
    EXPECT_FALSE(parse_cycle(cycle_with("number", odd))) << odd;
}

TEST(Data, AnAmountNamesItsAssetAndFits) {
  EXPECT_TRUE(parse_cycle(cycle_with("cost", R"("1:-5")")));
  for (const char* odd : {R"("5")", R"("1:")", R"(":5")", R"("1x:5")", R"(" 1:5")", R"("99999999999:5")", R"("1:1.5")",
                          "5", R"("1:100000000000000000000000000000000000000")"})
    EXPECT_FALSE(parse_cycle(cycle_with("cost", odd))) << odd;
}

TEST(Data, ASideIsBuyOrSellAndAMovementIsNamed) {
  std::string order = write_order({});
  order.replace(order.find("\"buy\""), 5, "\"bye\"");
  EXPECT_FALSE(parse_order(order));
  std::string allocation = write_allocation({});
  allocation.replace(allocation.find("\"fund\""), 6, "\"steal\"");
  EXPECT_FALSE(parse_allocation(allocation));
}

TEST(Data, AReasonThatIsNotTextIsWrittenReadably) {
  machines::order::Data data;
  data.reason = "no \xff funds";
  const auto back = parse_order(write_order(data));
  ASSERT_TRUE(back);
  EXPECT_THAT(back->reason, testing::HasSubstr("funds"));
}

}  // namespace
}  // namespace schemas
