// tests/schemas/config/config_test.cpp: what a good file gives, exactly, and what a data folder keeps of it.
#include "schemas/config/config.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace schemas::config {
namespace {

using testing::HasSubstr;

Config good(std::string_view text) {
  auto config = parse(text, "f.toml");
  EXPECT_TRUE(config.has_value()) << (config ? "" : config.error().text());
  return config ? *config : Config{};
}

TEST(Config, AnEmptyFileGivesTheDefaults) {
  EXPECT_EQ(good("").frozen_text(), Config{}.frozen_text());
  EXPECT_TRUE(Config{}.validate().empty());
}

TEST(Config, TheExampleSaysExactlyTheDefaults) {
  const std::string text = example_text();
  EXPECT_EQ(good(text).frozen_text(), Config{}.frozen_text());
  const Config config = good(text);
  EXPECT_EQ(config.cadence.price.us, 1'100'000);
  EXPECT_EQ(config.broker.ttl_ms, Config{}.broker.ttl_ms);
  EXPECT_EQ(config.workers.count, 2);
  EXPECT_EQ(config.sample.bars, 500);
  for (const char* part :
       {"[vault]", "[[sleeves]]", "[sleeves.strategy]", "[venue.paper]", "[cadence]", "[broker]", "[workers]",
        "[sample]", "[reconcile]", "minutes = 10", "[report]", "[audit]", "checkpoint_minutes = 5", "[logs]",
        "cost_basis = \"average\"", "price_s = 1.1", "buy_momentum_percent = 1.25", "lot = 0 "})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(Config, TheCostBasisIsAWordAndNotFrozen) {
  const Config config = good("[report]\ncost_basis = \"fifo\"\n");
  EXPECT_EQ(config.report.cost_basis, machines::costs::Basis::fifo);
  EXPECT_EQ(Config{}.report.cost_basis, machines::costs::Basis::average);
  EXPECT_EQ(config.frozen_text(), Config{}.frozen_text()) << "books may be reckoned in another way at any time";
  const auto wrong = parse("[report]\ncost_basis = \"fofo\"\n", "f.toml");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().text(), "f.toml:2:14: report.cost_basis is \"fofo\"; did you mean `fifo`?");
}

TEST(Config, TheDefaultsAreTheUsersOwnRules) {
  const Config config;
  ASSERT_EQ(config.sleeves.size(), 2U);
  EXPECT_EQ(config.sleeves[0].kind, machines::SleeveKind::quiet);
  EXPECT_EQ(config.sleeves[1].kind, machines::SleeveKind::flash);
  EXPECT_EQ(config.sleeves[0].allocation.text(), "10000");
  EXPECT_EQ(config.sleeves[1].strategy.stop_loss.ppm, 16'000);
  EXPECT_EQ(config.vault.total.at_scale(8), machines::Int128{2'000'000'000'000});
}

TEST(Config, NumbersAndTextsMeanTheSameExactly) {
  const Config a = good("[venue.paper]\nmaker_fee_percent = 0.1234\nlot = 0.00000001\ntick = 1_0.50\n");
  const Config b = good("[venue.paper]\nmaker_fee_percent = \"0.1234\"\nlot = \"0.00000001\"\ntick = \"10.5\"\n");
  EXPECT_EQ(a.frozen_text(), b.frozen_text());
  EXPECT_EQ(a.paper.maker_fee.ppm, 1'234);
  EXPECT_EQ(a.paper.lot.at_scale(8), machines::Int128{1});
}

TEST(Config, NoFloatComesBetween) {
  // 20 digits: a double would end in ...1692.
  const Config config = good("[vault]\ntotal = 123456789012345678.12345678\n");
  EXPECT_EQ(config.vault.total.text(), "123456789012345678.12345678");
}

TEST(Config, ColumnsCountCharactersNotBytes) {
  const Config config = good("venue = { \"paper\" = { faults = [], slippage_percent = 0.5 } } # größer\n");
  EXPECT_EQ(config.paper.slippage.ppm, 5'000);
  const Config after_text = good(
      "venue.paper = {faults=[\"place:1:reject\"], lot = 0.5}\nvault={asset=\"EUR\", total=7, "
      "tradeable=3}\nsleeves=[{name=\"a\",kind=\"flash\",allocation=2.5}]");
  EXPECT_EQ(after_text.vault.total.text(), "7");
  EXPECT_EQ(after_text.sleeves.at(0).allocation.text(), "2.5");
}

TEST(Config, SleevesGivenReplaceTheDefaultOnes) {
  const Config config = good(R"(
[[sleeves]]
name = "one"
kind = "flash"
allocation = 100
  [sleeves.strategy]
  trail_percent = 0.5
)");
  ASSERT_EQ(config.sleeves.size(), 1U);
  EXPECT_EQ(config.sleeves[0].name, "one");
  EXPECT_EQ(config.sleeves[0].strategy.trail.ppm, 5'000);
  EXPECT_EQ(config.sleeves[0].strategy.arm.ppm, 1'000);
}

TEST(Config, FaultsAndProcessesAreNotFrozen) {
  const Config config =
      good("[venue.paper]\nfaults = [\"place:3:lose_answer\"]\n[workers]\ncount = 5\n[sample]\nseed = 9\n");
  EXPECT_EQ(config.frozen_text(), Config{}.frozen_text());
  EXPECT_EQ(first_difference(config.frozen_text(), Config{}.frozen_text()), "");
}

TEST(Config, TheFirstFrozenDifferenceIsTold) {
  Config other;
  other.paper.taker_fee.ppm = 2'000;
  EXPECT_EQ(first_difference(Config{}.frozen_text(), other.frozen_text()),
            "venue.paper.taker_fee_percent is 0.2 here and was 0.1 when this data folder was made");
  Config fewer;
  fewer.sleeves.pop_back();
  EXPECT_THAT(first_difference(Config{}.frozen_text(), fewer.frozen_text()),
              HasSubstr("sleeves[1].name was \"flash\""));
  EXPECT_THAT(first_difference(fewer.frozen_text(), Config{}.frozen_text()), HasSubstr("sleeves[1].name is \"flash\""));
}

// Folders of before there was a choice say nothing of it, and go on.
TEST(Config, WhatFeesAreTakenInIsKeptOnlyWhereItIsNotTheQuote) {
  EXPECT_EQ(Config{}.frozen_text().find("fee_asset"), std::string::npos);
  EXPECT_EQ(good("[venue.paper]\nfee_asset = \"quote\"\n").frozen_text(), Config{}.frozen_text());
  const Config received = good("[venue.paper]\nfee_asset = \"received\"\n");
  EXPECT_FALSE(received.paper.takes_coins());
  EXPECT_EQ(first_difference(Config{}.frozen_text(), received.frozen_text()),
            "venue.paper.fee_asset is \"received\" here and was not there when this data folder was made");
  const Config coin = good("[venue.paper]\nfee_asset = \"BNB\"\nfee_price = 512.5\nfee_coins = 3\n");
  EXPECT_TRUE(coin.paper.takes_coins());
  for (const char* line :
       {"venue.paper.fee_asset = \"BNB\"\n", "venue.paper.fee_price = 512.5\n", "venue.paper.fee_coins = 3\n"})
    EXPECT_THAT(coin.frozen_text(), HasSubstr(line));
  EXPECT_THAT(first_difference(coin.frozen_text(), Config{}.frozen_text()),
              HasSubstr("venue.paper.fee_asset was \"BNB\" when this data folder was made"));
}

TEST(Config, TheBrokersRulesAreReadInTheirOrder) {
  const Config config = good(R"(
    [[broker.weight]]
    owner = "fund"
    weight = 3
    [[broker.priority]]
    kind = "order"
    command = "cancel_order"
    [[broker.limit]]
    name = "orders"
    kind = "order"
    rate = "600/min"
    burst = 5
    [[broker.limit]]
    name = "venue"
    per = "venue"
    max_in_flight = 8
    [[broker.deadline]]
    kind = "order"
    after_s = 30)");
  ASSERT_EQ(config.broker.limits.size(), 2U);
  EXPECT_EQ(config.broker.limits[0].per, "account");
  EXPECT_EQ(parse_rate(config.broker.limits[0].rate), (RatePer{600, 60'000'000}));
  EXPECT_EQ(config.broker.limits[1].max_in_flight, 8);
  EXPECT_EQ(config.broker.weights.at(0).weight, 3);
  EXPECT_EQ(config.broker.priorities.at(0).level, 1);
  EXPECT_EQ(config.broker.deadlines.at(0).after.us, 30'000'000);
  EXPECT_EQ(config.frozen_text(), Config{}.frozen_text()) << "they may change from run to run";
}

TEST(Config, ARateIsSoManyPerUnit) {
  EXPECT_EQ(parse_rate("10/s"), (RatePer{10, 1'000'000}));
  EXPECT_EQ(parse_rate("1/day"), (RatePer{1, 86'400'000'000}));
  for (const char* wrong : {"", "/s", "10", "10/", "0/s", "-1/s", "1.5/s", "10/sec", "10 /s", "1234567/s"})
    EXPECT_FALSE(parse_rate(wrong)) << wrong;
}

RC_GTEST_PROP(Config, DecimalsKeepEveryDigit, (std::int64_t units, unsigned char raw_scale)) {
  const int scale = raw_scale % 19;
  const std::string text = machines::format({{}, units}, scale);
  const auto parsed = Decimal::parse(text);
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(parsed->at_scale(scale) == std::optional<machines::Int128>(units));
  RC_ASSERT(Decimal::parse(parsed->text())->units == parsed->units);
}

// Whatever stands in the file: a Config that validates, or problems with a text. Never a throw, never a crash.
RC_GTEST_PROP(Config, AnyBytesAreReadOrRefused, ()) {
  const auto piece = rc::gen::element<std::string>(
      "[vault]", "[[sleeves]]", "[venue.paper]", "[broker]", "total", "name", "kind", "allocation", "faults", " = ",
      "=", "1", "-1", "1e9", "\"x\"", "\"quiet\"", "[", "]", "{", "}", ",", ".", "\n", "\n", "#", "\xC3\xBC", "\xFF",
      "\"", "1979-05-27", "true", "nan", "0x1F", "99999999999999999999");
  std::string text;
  for (const std::string& part : *rc::gen::container<std::vector<std::string>>(piece)) text += part;
  const auto config = parse(text, "f");
  if (config)
    RC_ASSERT(config->validate().empty());
  else
    RC_ASSERT(!config.error().text().empty());
}

TEST(Config, AFolderKeepsTheVenuesRulesOfIdsButNotItsTimes) {
  for (const char* line : {"ids", "tombstones", "deadline", "request_life_ms", "settle_ms"})
    EXPECT_EQ(Config{}.frozen_text().find(line), std::string::npos) << "older folders know nothing of " << line;
  const Config real =
      good("[venue.paper]\nids = \"among_open\"\ntombstones = false\ndeadline = \"enforced\"\nsettle_ms = 900\n");
  EXPECT_EQ(real.paper.properties, (PropertiesConfig{"among_open", false, "enforced", 5'000, 900}));
  EXPECT_EQ(first_difference(Config{}.frozen_text(), real.frozen_text()),
            "venue.paper.ids is \"among_open\" here and was not there when this data folder was made");
  EXPECT_THAT(real.frozen_text(), HasSubstr("venue.paper.tombstones = false\nvenue.paper.deadline = \"enforced\"\n"));
  EXPECT_EQ(good("[venue.paper]\nrequest_life_ms = 60000\nsettle_ms = 900\n").frozen_text(), Config{}.frozen_text());
}

}  // namespace
}  // namespace schemas::config
