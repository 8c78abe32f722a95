// Limits on the trailing edge: at once while there are tokens, then at the very moment of each; never beyond a budget.
#include "brokers/dispatch/limits.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "tests/brokers/dispatch/house.hpp"

namespace brokers::dispatch {
namespace {

using namespace tests;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Limit per_account(std::int64_t rate, std::int64_t burst = 1, std::int64_t most_in_flight = 0) {
  Limit limit;
  limit.name = "orders";
  limit.match = {"order", "place_order"};
  limit.rate = rate;
  limit.burst = burst;
  limit.most_in_flight = most_in_flight;
  return limit;
}
Rules with(std::vector<Limit> limits) {
  Rules rules;
  rules.limits = std::move(limits);
  rules.safety_poll_us = 3'600'000 * ms;  // what wakes up here is the limit alone
  rules.ttl_us = 7'200'000 * ms;
  return rules;
}
std::vector<LeasedJob> orders_of(int first, int last, int owner = 1) {
  std::vector<LeasedJob> made;
  for (int number = first; number <= last; ++number) made.push_back(job_of(number, "order", "place_order", owner));
  return made;
}
// Goes from wake-up to wake-up: when each job left, relative to the beginning.
std::map<int, std::int64_t> departures(House& house, Ordered orders, std::size_t count, std::int64_t began) {
  std::map<int, std::int64_t> left;
  for (int wakes = 0; wakes < 1'000; ++wakes) {
    for (const int number : orders.all_assigned()) left[number] = house.now - began;
    if (left.size() >= count) break;
    const std::int64_t next = house.dispatch.next_tick_us(house.now);
    EXPECT_GT(next, house.now) << "or it would spin";
    house.now = next;
    orders = house.tick();
  }
  return left;
}

TEST(Limits, JobsLeaveAtTheExactTimesOfTheirTokens) {
  House house(with({per_account(10)}));
  house.join("w1", 256, 100);
  house.now += 60'000 * ms;
  const auto began = house.now;
  const auto left = departures(house, house.claimed_of(orders_of(1, 6), "main"), 6, began);
  EXPECT_THAT(left, ElementsAre(std::pair(1, 0), std::pair(2, 100 * ms), std::pair(3, 200 * ms), std::pair(4, 300 * ms),
                                std::pair(5, 400 * ms), std::pair(6, 500 * ms)));
}

// Three a second has no period of whole microseconds: nothing is early, and nothing adds up.
TEST(Limits, ARateWithoutAWholePeriodNeitherDriftsNorHurries) {
  House house(with({per_account(3)}));
  house.join("w1", 256, 100);
  house.now += 60'000 * ms;
  const auto began = house.now;
  const auto left = departures(house, house.claimed_of(orders_of(1, 31), "main"), 31, began);
  EXPECT_EQ(left.at(2), 333'334);
  EXPECT_EQ(left.at(3), 666'667);
  EXPECT_EQ(left.at(4), 1'000'000);
  EXPECT_EQ(left.at(31), 10'000'000);
}

TEST(Limits, ABurstLeavesAtOnceAfterAPauseAndThenByTheRate) {
  House house(with({per_account(10, 3)}));
  house.join("w1", 256, 100);
  house.now += 60'000 * ms;
  const auto began = house.now;
  const auto left = departures(house, house.claimed_of(orders_of(1, 5), "main"), 5, began);
  EXPECT_THAT(left, ElementsAre(std::pair(1, 0), std::pair(2, 0), std::pair(3, 0), std::pair(4, 100 * ms),
                                std::pair(5, 200 * ms)));
}

// Whoever had the shards before may have spent the budget a moment ago.
TEST(Limits, ATakeOverStartsWithAnEmptyBudget) {
  House house(with({per_account(10, 5)}));
  house.join("w1", 256, 100);
  const auto began = house.now;
  const auto left = departures(house, house.claimed_of(orders_of(1, 3), "main"), 3, began);
  EXPECT_THAT(left, ElementsAre(std::pair(1, 100 * ms), std::pair(2, 200 * ms), std::pair(3, 300 * ms)));
}

TEST(Limits, OneBudgetForAllSleevesAndOwnersOfAnAccountAndNoneForOthers) {
  House house(with({per_account(10)}));
  house.join("w1", 256, 100);
  house.now += 60'000 * ms;
  EXPECT_THAT(house.claimed_of(orders_of(1, 2, 1), "main").all_assigned(), ElementsAre(1));
  EXPECT_THAT(house.claimed_of(orders_of(3, 4, 2), "main").all_assigned(), IsEmpty());
  EXPECT_THAT(house.claimed_of(orders_of(5, 6, 2), "other").all_assigned(), ElementsAre(5));
  EXPECT_THAT(house.claimed({job(7)}).all_assigned(), ElementsAre(7)) << "who waits for a limit keeps nobody out";
}

TEST(Limits, SoManyInFlightAndEachThatEndsLetsOneGo) {
  House house(with({per_account(0, 1, 2)}));
  house.join("w1", 256, 100);
  EXPECT_THAT(house.claimed_of(orders_of(1, 4), "main").all_assigned(), ElementsAre(1, 2));
  EXPECT_THAT(house.done("w1", {1}, schemas::DoneKind::kept).all_assigned(), IsEmpty());
  EXPECT_THAT(house.done("w1", {1}).all_assigned(), ElementsAre(3));
  EXPECT_THAT(house.failed("w1", 2).all_assigned(), ElementsAre(4));
}

TEST(Limits, ADeathFreesWhatWasInFlight) {
  House house(with({per_account(0, 1, 2)}));
  house.join("w1", 256, 100);
  (void)house.claimed_of(orders_of(1, 2), "main");
  house.dispatch.gone("w1", house.now);
  (void)house.orders();
  house.join("w2", 256, 100);
  EXPECT_THAT(house.claimed_of(orders_of(3, 4), "main").all_assigned(), ElementsAre(3, 4));
}

TEST(Limits, ReRegistrationKeepsTheCount) {
  House house(with({per_account(0, 1, 2)}));
  house.join("w1", 256, 100);
  (void)house.claimed_of(orders_of(1, 2), "main");
  house.ready("again", "w1", {1, 2}, 256, 100);
  (void)house.orders();
  EXPECT_THAT(house.claimed_of(orders_of(3, 3), "main").all_assigned(), IsEmpty());
  EXPECT_THAT(house.done("again", {1}).all_assigned(), ElementsAre(3));
}

TEST(Limits, TheViewSaysWhatCapsThroughputAndForHowLong) {
  House house(with({per_account(10, 1, 0)}));
  house.join("w1", 256, 100);
  house.now += 60'000 * ms;
  EXPECT_THAT(house.dispatch.view(house.now).limits, IsEmpty());
  (void)house.claimed_of(orders_of(1, 4), "main");
  house.now += 70 * ms;
  EXPECT_THAT(house.dispatch.view(house.now).limits,
              ElementsAre(schemas::LimitView{"orders", "paper/main", 3, 1, 70, "10/s"}));
  for (int i = 0; i < 3; ++i) {
    house.now += 100 * ms;
    (void)house.tick();
  }
  EXPECT_THAT(house.dispatch.view(house.now).limits, IsEmpty()) << "nobody waits any more";
}

TEST(Limits, WhatCannotLeaveForLongGoesBackUntilItsTurn) {
  Rules rules = with({per_account(10)});
  rules.most_limited = 4;
  House house(rules);
  house.join("w1", 256, 100);
  house.now += 60'000 * ms;
  (void)house.claimed_of(orders_of(1, 1), "main");
  const auto orders = house.claimed_of(orders_of(2, 9), "main");
  ASSERT_THAT(orders.given_back, SizeIs(4));
  EXPECT_EQ(orders.given_back[0].key.instance.value, 6);
  EXPECT_EQ(orders.given_back[0].delay_ms, 500) << "four are before it";
  EXPECT_EQ(orders.given_back[3].delay_ms, 800);
  EXPECT_FALSE(orders.given_back[0].counts_as_try);
  EXPECT_EQ(house.dispatch.queued(), 4U);
}

std::vector<std::int64_t> delays_of(const Ordered& orders) {
  std::vector<std::int64_t> delays;
  for (const auto& failure : orders.given_back) delays.push_back(failure.delay_ms);
  return delays;
}
// Four stay; the first has left, so that there is no token.
House four_stay(const Limit& limit) {
  Rules rules = with({limit});
  rules.most_limited = 4;
  House house(rules);
  house.join("w1", 256, 100);
  house.now += 3'600'000 * ms;
  (void)house.claimed_of(orders_of(1, 1), "main");
  return house;
}

TEST(Limits, WhoGoesBackLaterGetsALaterTurnWhoeverOwnsIt) {
  House house = four_stay(per_account(10));
  EXPECT_THAT(delays_of(house.claimed_of(orders_of(2, 9), "main")), ElementsAre(500, 600, 700, 800));
  EXPECT_THAT(delays_of(house.claimed_of(orders_of(10, 12), "main")), ElementsAre(900, 1000, 1100));
  EXPECT_THAT(delays_of(house.claimed_of(orders_of(13, 17, 2), "main")), ElementsAre(1200)) << "of the same account";
  EXPECT_THAT(house.claimed_of(orders_of(20, 20), "other").all_assigned(), ElementsAre(20));
  EXPECT_THAT(delays_of(house.claimed_of(orders_of(21, 25), "other")), ElementsAre(500)) << "a budget of its own";
}

// Beyond an hour nobody has a turn yet: they come back after it, and the turns go on where they ended.
TEST(Limits, TurnsReachAnHourAheadAndGoOnFromThere) {
  Limit limit = per_account(1);
  limit.period_us = 600'000 * ms;
  House house = four_stay(limit);
  EXPECT_THAT(delays_of(house.claimed_of(orders_of(2, 9), "main")),
              ElementsAre(3'000'000, 3'600'000, 3'600'000, 3'600'000));
  house.now += 600'000 * ms;
  (void)house.tick();  // the second has left: three wait
  EXPECT_THAT(delays_of(house.claimed_of(orders_of(10, 12), "main")), ElementsAre(3'600'000, 3'600'000))
      << "the turn at seventy minutes, then none";
}

TEST(Limits, TurnsThatNobodyComesForAreForgotten) {
  House house = four_stay(per_account(10));
  const auto far = delays_of(house.claimed_of(orders_of(2, 505), "main"));
  ASSERT_THAT(far, SizeIs(500));
  EXPECT_EQ(far.back(), 50'400);
  (void)departures(house, {}, 4, house.now);
  house.now += 20'000 * ms;
  EXPECT_THAT(house.claimed_of(orders_of(600, 600), "main").all_assigned(), ElementsAre(600));
  EXPECT_THAT(delays_of(house.claimed_of(orders_of(601, 605), "main")), ElementsAre(500));
}

TEST(Limits, AllLimitsThatMatchMustAgree) {
  Limit whole = per_account(2);
  whole.name = "venue";
  whole.match = {"order", ""};
  whole.per = Per::venue;
  House house(with({per_account(10), whole}));
  house.join("w1", 256, 100);
  house.now += 60'000 * ms;
  const auto began = house.now;
  (void)house.claimed_of({job_of(50, "order", "place_order", 2)}, "other");
  const auto left = departures(house, house.claimed_of(orders_of(1, 2), "main"), 2, began);
  EXPECT_THAT(left, ElementsAre(std::pair(1, 500 * ms), std::pair(2, 1000 * ms)));
}

TEST(Limits, AnEventIsNoCallAndNeedsNoToken) {
  House house(with({per_account(1)}));
  house.join("w1", 256, 100);
  auto event = job_of(1, "order", "place_order");
  event.is_event = true;
  EXPECT_FALSE(house.dispatch.wants_place(event));
  EXPECT_THAT(house.claimed({event}).all_assigned(), ElementsAre(1));
}

TEST(Limits, WhatCallsNobodyNeedsNoTokenOfAnAccount) {
  Limit limit = per_account(1);
  limit.match = {"order", ""};
  House house(with({limit}));
  house.join("w1", 256, 100);
  EXPECT_FALSE(house.dispatch.wants_place(job_of(1, "order", "decide")));
  EXPECT_THAT(house.claimed_of({job_of(1, "order", "decide"), job_of(2, "order", "decide")}, "main").all_assigned(),
              ElementsAre(1, 2));
}

// By any rate, burst and arrivals: in no window of any length did more leave than the burst and what its time filled;
// and none that waited left later than the first moment when a token was there.
RC_GTEST_PROP(Limits, NeverMoreThanTheBudgetAndNeverLaterThanTheToken, ()) {
  Limit limit = per_account(*rc::gen::inRange(1, 50), *rc::gen::inRange(1, 6));
  limit.period_us = *rc::gen::element<std::int64_t>(1'000, 1'000'000, 60'000'000);
  limit.per = Per::all;
  Limits limits({limit});
  std::int64_t now = 5'000'000;
  limits.begin(now);
  const auto budgets = limits.budgets_of("order", "place_order", {1}, {}, now);
  std::vector<std::int64_t> left;
  const int count = *rc::gen::inRange(1, 60);
  for (int i = 0; i < count; ++i) {
    now += *rc::gen::inRange<std::int64_t>(0, limit.period_us);
    const std::int64_t at = limits.goes_at_us(budgets, now);
    RC_ASSERT(at >= now);
    if (at > now) RC_ASSERT(!limits.may_go(budgets, at - 1));
    now = at;
    RC_ASSERT(limits.may_go(budgets, now));
    limits.spend(budgets, now);
    left.push_back(now);
  }
  for (std::size_t from = 0; from < left.size(); ++from)
    for (std::size_t to = from; to < left.size(); ++to) {
      const auto filled = static_cast<machines::Int128>(left[to] - left[from]) * limit.rate;
      const auto beyond = static_cast<machines::Int128>(to - from + 1) - limit.burst;
      RC_ASSERT(beyond * limit.period_us <= filled + limit.rate);  // to the microsecond
    }
}

}  // namespace
}  // namespace brokers::dispatch
