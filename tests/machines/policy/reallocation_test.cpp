// tests/machines/policy/reallocation_test.cpp: what a vault proposes by itself, and what it never does.
#include "machines/policy/reallocation.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace {

using machines::Amount;
using machines::AssetId;
using machines::policy::propose;
using machines::policy::Reallocation;
using machines::policy::SleeveState;

constexpr AssetId usdt{1};

Amount money(std::int64_t minor) { return {usdt, minor}; }
SleeveState sleeve(std::int64_t id, std::int64_t available, std::int64_t allocation, bool is_open = false) {
  return {{id}, money(available), money(allocation), is_open};
}

TEST(Reallocation, IdleCoinsGoToTheNamedSleeveSomeOfThemADay) {
  const Reallocation rules{{2}, {100'000}, {0}};
  const auto proposal = propose(rules, money(5'000), money(20'000), {sleeve(1, 10, 10), sleeve(2, 10, 10)}).value();
  ASSERT_TRUE(proposal.has_value());
  EXPECT_TRUE(proposal->gives);
  EXPECT_EQ(proposal->sleeve.value, 2);
  EXPECT_EQ(proposal->amount, money(2'000)) << "10 % of all the vault's coins";
  EXPECT_EQ(proposal->rule, "idle_to");
  EXPECT_EQ(propose(rules, money(70), money(20'000), {sleeve(2, 1, 1)}).value()->amount, money(70));
  EXPECT_FALSE(propose(rules, money(0), money(20'000), {sleeve(2, 1, 1)}).value().has_value());
  EXPECT_FALSE(propose(rules, money(70), money(20'000), {sleeve(3, 1, 1)}).value().has_value()) << "no such sleeve";
  EXPECT_FALSE(propose({}, money(70), money(20'000), {sleeve(1, 1, 1)}).value().has_value()) << "no rule";
}

TEST(Reallocation, ASleeveThatHasLostTooMuchGivesBackWhatItHasFirst) {
  const Reallocation rules{{1}, {100'000}, {200'000}};
  const auto lost = propose(rules, money(500), money(20'000), {sleeve(1, 100, 100), sleeve(2, 80, 100)}).value();
  ASSERT_TRUE(lost.has_value());
  EXPECT_FALSE(lost->gives);
  EXPECT_EQ(lost->sleeve.value, 2);
  EXPECT_EQ(lost->amount, money(80));
  const auto just_not = propose(rules, money(500), money(20'000), {sleeve(1, 100, 100), sleeve(2, 81, 100)}).value();
  EXPECT_TRUE(just_not->gives) << "19 % is not 20 %";
  EXPECT_FALSE(propose(rules, money(0), money(20'000), {sleeve(2, 80, 100, true)}).value().has_value())
      << "its position is open: what it has lost is not known";
  EXPECT_FALSE(propose(rules, money(500), money(20'000), {sleeve(1, 0, 100)}).value().has_value())
      << "what was taken for its losses is not given back the day after";
}

RC_GTEST_PROP(ReallocationProperty, NeverProposesMoreThanIsThere, ()) {
  const auto coins = [] { return *rc::gen::inRange<std::int64_t>(0, 1'000'000); };
  const Reallocation rules{{*rc::gen::inRange<std::int64_t>(0, 4)},
                           {*rc::gen::inRange<std::int64_t>(0, 1'000'001)},
                           {*rc::gen::inRange<std::int64_t>(0, 1'000'001)}};
  std::vector<SleeveState> sleeves;
  for (std::int64_t id = 1; id <= 3; ++id) sleeves.push_back(sleeve(id, coins(), coins(), *rc::gen::arbitrary<bool>()));
  const std::int64_t idle = coins(), total = idle + coins();
  const auto proposal = propose(rules, money(idle), money(total), sleeves).value();
  if (!proposal) return;
  RC_ASSERT(proposal->amount.is_positive());
  const SleeveState& meant = sleeves[static_cast<std::size_t>(proposal->sleeve.value - 1)];
  if (proposal->gives)
    RC_ASSERT(proposal->amount.minor() <= idle && proposal->sleeve == rules.idle_to);
  else
    RC_ASSERT(proposal->amount == meant.available && !meant.is_open);
}

}  // namespace
