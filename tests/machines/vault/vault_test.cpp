// tests/machines/vault/vault_test.cpp: a vault's daily review: the reserve flexes, idle coins are proposed to a sleeve,
// and a freeze stops both.
#include <gmock/gmock.h>

#include "machines/vault/decide.hpp"
#include "tests/machines/golden.hpp"

namespace {

namespace vault = machines::vault;
using machines::Amount;
using machines::AssetId;
using machines::Instant;
using machines::Rate;
using machines::policy::Rule;

constexpr AssetId btc{1};

Amount coins(std::int64_t minor) { return {btc, minor}; }

vault::Facts facts_of(std::int64_t not_at_risk, std::int64_t unallocated) {
  vault::Facts facts;
  facts.data.reserve = {Rule::flexing, {50'000}, {200'000}, {0}, coins(0)};
  facts.not_at_risk_account = {2};
  facts.tradeable_account = {3};
  facts.total = coins(10'000);
  facts.not_at_risk = coins(not_at_risk);
  facts.unallocated = coins(unallocated);
  return facts;
}

TEST(Vault, TheWholeMatrixIsOnRecord) {
  const auto answer = [](vault::State from, vault::Event on) {
    const auto row = vault::transitions.find(from, on);
    if (!row) return std::string("refused no_such_row");
    return std::string(machines::name_of(row->to)) + ' ' + std::string(machines::name_of(row->then));
  };
  tests::expect_golden("tests/machines/vault/golden_matrix.txt", tests::matrix<vault::State, vault::Event>(answer));
}

TEST(Vault, AStormTakesFreeCoinsIntoTheReserveAndACalmGivesThemBack) {
  auto facts = facts_of(1'000, 5'000);
  facts.volatility = Rate{1'200'000};
  const auto storm = vault::decide(facts).value();
  ASSERT_TRUE(storm.has_value());
  EXPECT_EQ(storm->event, vault::Event::flex);
  ASSERT_EQ(storm->postings.size(), 1U);
  EXPECT_EQ(storm->postings[0].amount, coins(1'000)) << "20 % of 10,000, of which 1,000 are there";
  EXPECT_EQ(storm->postings[0].debit.value, 3);
  EXPECT_EQ(storm->postings[0].credit.value, 2);
  EXPECT_EQ(storm->data.reserve.flexed, coins(1'000));

  facts = facts_of(2'000, 4'000);
  facts.data = storm->data;
  facts.volatility = Rate{100'000};
  const auto calm = vault::decide(facts).value();
  ASSERT_TRUE(calm.has_value());
  EXPECT_EQ(calm->postings[0].amount, coins(1'000));
  EXPECT_EQ(calm->postings[0].debit.value, 2);
  EXPECT_EQ(calm->data.reserve.flexed, coins(0));
}

TEST(Vault, NothingToDoWritesNothing) {
  auto facts = facts_of(5'000, 0);
  EXPECT_FALSE(vault::decide(facts).value().has_value());
  facts.volatility = Rate{410'000};
  EXPECT_FALSE(vault::decide(facts).value().has_value()) << "a share that changed by a trifle";
  facts.volatility = Rate{900'000};
  const auto noted = vault::decide(facts).value();
  ASSERT_TRUE(noted.has_value()) << "what must stay has changed: written down, nothing moved";
  EXPECT_TRUE(noted->postings.empty());
}

TEST(Vault, IdleCoinsAreProposedAndAFreezeStopsIt) {
  auto facts = facts_of(5'000, 300);
  facts.data.reserve.rule = Rule::none;
  facts.data.reallocation = {{1}, {100'000}, {0}};
  facts.sleeves = {{{1}, coins(10), coins(10), false}};
  const auto step = vault::decide(facts).value();
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->event, vault::Event::propose);
  ASSERT_TRUE(step->proposal.has_value());
  EXPECT_EQ(step->proposal->amount, coins(300));
  EXPECT_TRUE(step->postings.empty()) << "the allocation machine moves them";
  facts.frozen = machines::Frozen::entries;
  EXPECT_FALSE(vault::decide(facts).value().has_value());
}

TEST(Vault, ReviewsAtHalfPastMidnight) {
  const std::int64_t hour = 3'600'000'000, day = 24 * hour;
  EXPECT_EQ(vault::next_review({0}).us, hour / 2);
  EXPECT_EQ(vault::next_review({hour / 2}).us, day + hour / 2) << "the one that has come is not the next";
  EXPECT_EQ(vault::next_review({hour / 2 - 1}).us, hour / 2);
  EXPECT_EQ(vault::next_review({day - 1}).us, day + hour / 2);
}

}  // namespace
