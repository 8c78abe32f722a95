// What is taken from a worker: jobs too long in flight, and jobs that an operator does not want any more.
#include <gmock/gmock.h>

#include "tests/brokers/dispatch/house.hpp"

namespace brokers::dispatch {
namespace {

using namespace tests;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Rules thirty_seconds() {
  Rules rules;
  rules.ttl_us = 3'600'000 * ms;
  rules.deadlines = {{{"order", ""}, 30'000 * ms}};
  return rules;
}
schemas::CancelResult cancel(House& house, int number, Ordered& orders) {
  house.dispatch.cancel("operator", {job(number).key}, house.now);
  orders = house.orders();
  for (const auto& said : orders.said)
    if (const auto* answer = std::get_if<schemas::Cancelled>(&said.message)) {
      EXPECT_EQ(said.peer, "operator");
      return answer->result;
    }
  ADD_FAILURE() << "no answer";
  return {};
}
std::vector<Token> revoked(const Ordered& orders, const std::string& peer) {
  for (const auto& said : orders.said)
    if (const auto* revoke = std::get_if<schemas::Revoke>(&said.message); revoke != nullptr && said.peer == peer)
      return revoke->tokens;
  return {};
}

TEST(Deadlines, AJobTooLongInFlightIsTakenFromItsWorkerAtTheVeryMoment) {
  House house(thirty_seconds());
  house.join("w1");
  (void)house.claimed({job_of(1, "order", "place_order"), job(2)});
  house.now += 29'900 * ms;
  EXPECT_THAT(house.tick().given_back, IsEmpty());
  EXPECT_EQ(house.dispatch.next_tick_us(house.now), house.now + 100 * ms);
  house.now += 100 * ms;
  const auto orders = house.tick();
  ASSERT_THAT(orders.given_back, SizeIs(1));
  EXPECT_EQ(orders.given_back[0].token, token(1));
  EXPECT_TRUE(orders.given_back[0].counts_as_try) << "or it would run into its deadline for ever";
  EXPECT_THAT(revoked(orders, "w1"), ElementsAre(token(1)));
  EXPECT_EQ(house.dispatch.view(house.now).overdue, 1);
  EXPECT_EQ(house.dispatch.in_flight(), 1U) << "the other has no deadline";
}

// Whoever hangs gets no more on top of it.
TEST(Deadlines, TheWorkersHandStaysFullUntilItLetsGo) {
  House house(thirty_seconds());
  house.join("w1", 8, 1);
  (void)house.claimed({job_of(1, "order", "place_order")});
  house.now += 30'000 * ms;
  (void)house.tick();
  EXPECT_THAT(house.claimed({leased_again(job_of(1, "order", "place_order"), 11)}).all_assigned(), IsEmpty());
  EXPECT_THAT(house.done("w1", {1}).all_assigned(), ElementsAre(11));
}

TEST(Deadlines, AnotherWorkerTakesItMeanwhile) {
  House house(thirty_seconds());
  house.join("w1", 8, 1);
  (void)house.claimed({job_of(1, "order", "place_order")});
  house.join("w2", 8, 1);
  house.now += 30'000 * ms;
  (void)house.tick();
  EXPECT_THAT(house.claimed({leased_again(job_of(1, "order", "place_order"), 11)}).assigned["w2"], ElementsAre(11));
}

TEST(Deadlines, WhatEndsInTimeIsNotCounted) {
  House house(thirty_seconds());
  house.join("w1");
  (void)house.claimed({job_of(1, "order", "place_order")});
  (void)house.done("w1", {1});
  house.now += 60'000 * ms;
  EXPECT_THAT(house.tick().given_back, IsEmpty());
  EXPECT_EQ(house.dispatch.view(house.now).overdue, 0);
}

TEST(Deadlines, ReRegistrationDoesNotPutItOff) {
  House house(thirty_seconds());
  house.join("w1");
  (void)house.claimed({job_of(1, "order", "place_order")});
  house.now += 20'000 * ms;
  house.ready("again", "w1", {1});
  (void)house.orders();
  house.now += 10'000 * ms;
  EXPECT_THAT(house.tick().given_back, SizeIs(1));
}

TEST(Cancel, AQueuedJobIsDropped) {
  House house;
  house.join("w1", 1);
  (void)house.claimed(jobs(1, 3));
  Ordered orders;
  EXPECT_EQ(cancel(house, 2, orders), schemas::CancelResult::dropped);
  ASSERT_THAT(orders.given_back, SizeIs(1)) << "where its row still stands, the lease must not";
  EXPECT_EQ(orders.given_back[0].token, token(2));
  EXPECT_THAT(house.done("w1", {1}).all_assigned(), ElementsAre(3));
}

TEST(Cancel, AJobWithAWorkerIsHandedBackUnlessItHasBegun) {
  House house;
  house.join("w1", 2);
  (void)house.claimed(jobs(1, 2));
  Ordered orders;
  EXPECT_EQ(cancel(house, 1, orders), schemas::CancelResult::asked);
  EXPECT_THAT(revoked(orders, "w1"), ElementsAre(token(1)));
  EXPECT_EQ(house.dispatch.in_flight(), 2U) << "it may have begun";
  house.dispatch.handed_back("w1", {{token(1)}}, house.now);
  const auto after = house.orders();
  ASSERT_THAT(after.given_back, SizeIs(1));
  EXPECT_FALSE(after.given_back[0].counts_as_try);
  EXPECT_EQ(house.dispatch.in_flight(), 1U);
}

TEST(Cancel, NobodyHandsBackWhatAnotherHolds) {
  House house;
  house.join("w1");
  house.join("w2");
  const auto holder = house.claimed({job(1)}).assigned.begin()->first;
  house.dispatch.handed_back(holder == "w1" ? "w2" : "w1", {{token(1)}}, house.now);
  EXPECT_THAT(house.orders().given_back, IsEmpty());
  EXPECT_EQ(house.dispatch.in_flight(), 1U);
}

TEST(Cancel, WhatIsNotHereIsUnknown) {
  House house;
  house.join("w1");
  Ordered orders;
  EXPECT_EQ(cancel(house, 7, orders), schemas::CancelResult::unknown);
  EXPECT_THAT(orders.given_back, IsEmpty());
}

TEST(MovingOn, WhatWaitsOfTheShardGoesBackAtOnceAndNothingElseDoes) {
  House house;
  house.ready("w1", "w1", {}, 1);
  (void)house.orders();
  auto both = jobs(1, 3, 1, 4);
  for (const LeasedJob& other : jobs(11, 12, 2, 5)) both.push_back(other);
  ASSERT_THAT(house.claimed(both).all_assigned(), ElementsAre(1));
  house.dispatch.give_back_shard(4);
  const auto orders = house.orders();
  ASSERT_THAT(orders.given_back, SizeIs(2));
  EXPECT_EQ(orders.given_back[0].key.instance.value, 2);
  EXPECT_EQ(orders.given_back[1].key.instance.value, 3);
  EXPECT_EQ(orders.given_back[0].reason, "its shard moves on");
  EXPECT_EQ(orders.given_back[0].delay_ms, 0);
  EXPECT_FALSE(orders.given_back[0].counts_as_try);
  EXPECT_EQ(house.dispatch.in_hand(4), 1U) << "what is in flight ends here";
  EXPECT_EQ(house.dispatch.in_hand(5), 2U);
  (void)house.done("w1", {1});
  EXPECT_EQ(house.dispatch.in_hand(4), 0U);
}

}  // namespace
}  // namespace brokers::dispatch
