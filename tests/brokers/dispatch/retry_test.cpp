// When a failed job runs again, by the class of its error; and jobs that only some version of a machine can do.
#include "brokers/dispatch/retry.hpp"

#include <gmock/gmock.h>

#include "tests/brokers/dispatch/house.hpp"

namespace brokers::dispatch {
namespace {

using namespace tests;
using machines::CallError;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Retry, WaitsGrowByTheFactorUpToTheLongestAndNeverBeyondTheJitter) {
  const RetryRule rule{.first_ms = 10, .longest_ms = 1'000, .factor = 3, .jitter_ppm = 500'000};
  std::int64_t wait = 10;
  for (int tries = 0; tries < 40; ++tries, wait = std::min<std::int64_t>(wait * 3, 1'000)) {
    EXPECT_EQ(wait_ms(rule, tries, 0), wait);
    for (const std::uint64_t draw : {1ULL, 77ULL, 0xffff'ffff'ffff'ffffULL}) {
      EXPECT_GE(wait_ms(rule, tries, draw), wait);
      EXPECT_LE(wait_ms(rule, tries, draw), wait + wait / 2);
    }
  }
  EXPECT_EQ(wait_ms({.first_ms = 10, .longest_ms = 1'000, .factor = 1, .jitter_ppm = 0}, 1'000'000, 99), 10);
  EXPECT_EQ(wait_ms({.first_ms = 500, .longest_ms = 86'400'000, .factor = 100}, 1'000'000, 0), 86'400'000);
}

TEST(Retry, TheLastTryParksButForWhoKeepsTrying) {
  const RetryRule rule{.most_tries = 3};
  EXPECT_FALSE(is_last(rule, 1));
  EXPECT_TRUE(is_last(rule, 2));
  EXPECT_FALSE(is_last({.most_tries = 3, .then = Exhausted::keep_trying}, 1'000));
}

TEST(Retry, WhoWaitsForAKeyIsNeverParkedAndMaintenanceIsWaitedOut) {
  const RetryRules rules;
  EXPECT_EQ(rules.of(CallError::retry_later), RetryRule{});
  EXPECT_FALSE(is_last(rules.of(CallError::fatal_auth), 1'000));
  EXPECT_EQ(wait_ms(rules.of(CallError::maintenance), 0, 0), 5'000);
  EXPECT_EQ(wait_ms(rules.of(CallError::maintenance), 30, 0), 300'000);
  EXPECT_FALSE(is_last(rules.of(CallError::maintenance), 98));
  EXPECT_TRUE(is_last(rules.of(CallError::maintenance), 99));
}

ledger::jobs::Failure failed_with(CallError error, int tries) {
  Rules rules;
  rules.retry.set(CallError::insufficient_funds, {.first_ms = 7, .jitter_ppm = 0, .most_tries = 2});
  House house(rules);
  house.join("w1");
  LeasedJob tried = job(1);
  tried.tries = tries;
  (void)house.claimed({tried});
  house.dispatch.failed("w1", {token(1), error, 0, "told so", false}, house.now);
  return house.orders().given_back.at(0);
}

TEST(Retry, EachClassOfErrorGoesByItsOwnRule) {
  EXPECT_EQ(failed_with(CallError::insufficient_funds, 0).delay_ms, 7);
  EXPECT_FALSE(failed_with(CallError::insufficient_funds, 0).park);
  EXPECT_TRUE(failed_with(CallError::insufficient_funds, 1).park);
  EXPECT_FALSE(failed_with(CallError::rejected, 1).park);
  EXPECT_FALSE(failed_with(CallError::fatal_auth, 100).park);
  EXPECT_FALSE(failed_with(CallError::fatal_auth, 100).counts_as_try);
  EXPECT_EQ(failed_with(CallError::maintenance, 0).error_class, "maintenance");
}

schemas::Ready knows(const std::string& name, std::vector<int> versions) {
  schemas::Ready ready;
  ready.worker = name;
  for (const int version : versions) ready.capabilities.push_back({"cycle", version, {}});
  return ready;
}

LeasedJob of_version(int number, int version) {
  LeasedJob made = job(number);
  made.machine_version = version;
  return made;
}

TEST(Versions, AJobGoesOnlyToAWorkerThatKnowsItsMachinesVersion) {
  House house;
  house.dispatch.ready("old", knows("old", {1}), house.now);
  house.dispatch.ready("both", knows("both", {1, 2}), house.now);
  (void)house.orders();
  const auto orders = house.claimed({of_version(1, 2), of_version(2, 2), of_version(3, 2)});
  EXPECT_THAT(orders.assigned, SizeIs(1));
  EXPECT_THAT(orders.assigned.at("both"), ElementsAre(1, 2, 3));
}

TEST(Versions, AVersionThatNobodyKnowsGoesBackAndSaysSo) {
  House house;
  house.dispatch.ready("old", knows("old", {1}), house.now);
  (void)house.orders();
  const auto orders = house.claimed({of_version(1, 2), of_version(2, 1)});
  EXPECT_THAT(orders.assigned.at("old"), ElementsAre(2));
  ASSERT_THAT(orders.given_back, SizeIs(1));
  EXPECT_EQ(orders.given_back[0].reason, "no worker here knows cycle v2");
  EXPECT_FALSE(orders.given_back[0].park);
  EXPECT_FALSE(orders.given_back[0].counts_as_try);
}

}  // namespace
}  // namespace brokers::dispatch
