// Who can do what: a worker that runs some commands of a kind gets no others, and what nobody can do is named.
#include <gmock/gmock.h>

#include "tests/brokers/dispatch/house.hpp"

namespace brokers::dispatch {
namespace {

using namespace tests;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Capabilities, AWorkerGetsOnlyTheCommandsThatItRuns) {
  House house;
  house.join_for("payer", "order", {"place_order"});
  house.join_for("asker", "order", {"query_order"});
  const auto orders = house.claimed(
      {job_of(1, "order", "place_order"), job_of(2, "order", "query_order"), job_of(3, "order", "place_order")});
  EXPECT_THAT(orders.assigned.at("payer"), ElementsAre(1, 3));
  EXPECT_THAT(orders.assigned.at("asker"), ElementsAre(2));
}

TEST(Capabilities, AnEmptyListIsEveryCommand) {
  House house;
  house.join_for("all", "order", {});
  EXPECT_THAT(house.claimed({job_of(1, "order", "place_order"), job_of(2, "order", "anything")}).all_assigned(),
              ElementsAre(1, 2));
}

// Whoever knows the machine can decide on what the world said.
TEST(Capabilities, AnEventGoesToAnyWorkerOfTheKind) {
  House house;
  house.join_for("payer", "order", {"place_order"});
  auto event = job_of(1, "order", "cancel");
  event.is_event = true;
  EXPECT_THAT(house.claimed({event}).assigned["payer"], ElementsAre(1));
}

TEST(Capabilities, ACommandThatNobodyRunsIsGivenBackAndNamedUntilSomebodyDoes) {
  House house;
  house.join_for("payer", "order", {"place_order"});
  const auto orders = house.claimed({job_of(1, "order", "query_order"), job_of(2, "order", "query_order"),
                                     job_of(3, "transfer", "send"), job_of(4, "order", "place_order")});
  EXPECT_THAT(orders.all_assigned(), ElementsAre(4));
  ASSERT_THAT(orders.given_back, SizeIs(3));
  EXPECT_EQ(orders.given_back[0].reason, "no worker here knows order v1 query_order");
  EXPECT_EQ(orders.given_back[2].reason, "no worker here knows transfer v1");
  for (const auto& failure : orders.given_back) EXPECT_EQ(failure.error_class, "no_worker_knows");
  EXPECT_THAT(house.dispatch.view(house.now).unable,
              ElementsAre(schemas::UnableView{"order", "query_order", 2}, schemas::UnableView{"transfer", "send", 1}));
  house.join_for("asker", "order", {"query_order"});
  EXPECT_THAT(house.dispatch.view(house.now).unable, ElementsAre(schemas::UnableView{"transfer", "send", 1}));
}

TEST(Capabilities, WhatIsNotSeenAnyMoreIsNotNamedForEver) {
  House house;
  house.join("w1");
  (void)house.claimed({job_of(1, "transfer", "send")});
  EXPECT_THAT(house.dispatch.view(house.now).unable, SizeIs(1));
  house.now += 10'000 * ms;
  EXPECT_THAT(house.dispatch.view(house.now).unable, IsEmpty());
}

TEST(Capabilities, ALoneRunWaitsForAWorkerThatRunsTheCommand) {
  House house;
  house.join_for("payer", "order", {"place_order"});
  house.join_for("asker", "order", {"query_order"});
  (void)house.claimed({job_of(1, "order", "query_order")});
  house.dispatch.gone("asker", house.now);
  (void)house.orders();
  house.join_for("asker", "order", {"query_order"});
  auto again = leased_again(job_of(1, "order", "query_order"), 11);
  EXPECT_THAT(house.claimed({again}).assigned["asker"], ElementsAre(11));
}

// Tens of thousands that nobody here can do: between claims the service gets to its socket and its seat.
TEST(Capabilities, AClaimThatMostlyWentBackIsTheLastForAWhile) {
  Rules rules;
  rules.claim_limit = 8;
  House house(rules);
  house.join_for("w1", "cycle", {});
  std::vector<LeasedJob> half;
  for (int number = 1; number <= 8; ++number)
    half.push_back(job_of(number, number % 2 == 0 ? "cycle" : "vault", "any"));
  const auto orders = house.claimed(half);
  EXPECT_THAT(orders.given_back, SizeIs(4));
  EXPECT_THAT(orders.claims, IsEmpty());
  EXPECT_THAT(house.done("w1", {2}).claims, IsEmpty()) << "whoever hints";
  EXPECT_LE(house.dispatch.next_tick_us(house.now), house.now + rules.safety_poll_us);
  house.now += rules.safety_poll_us;
  EXPECT_THAT(house.tick().claims, SizeIs(1));
  half.erase(half.begin(), half.begin() + 2);
  for (int number = 9; number <= 10; ++number) half.push_back(job(number));
  EXPECT_THAT(house.claimed(half).claims, SizeIs(1)) << "most of it is work";
}

TEST(Capabilities, WherePollsAreRareTheRestIsShortAllTheSame) {
  Rules rules;
  rules.claim_limit = 1;
  rules.safety_poll_us = 60'000 * ms;
  House house(rules);
  house.join_for("w1", "cycle", {});
  EXPECT_THAT(house.claimed({job_of(1, "vault", "any")}).claims, IsEmpty());
  house.now = house.dispatch.next_tick_us(house.now);
  EXPECT_THAT(house.tick().claims, SizeIs(1));
  EXPECT_LE(house.now, 1'200 * ms);
}

TEST(Capabilities, AWaitedBarrierClaimsNoFasterWhatNobodyCanDo) {
  Rules rules;
  rules.claim_limit = 4;
  House house(rules);
  house.join_for("w1", "cycle", {});
  (void)house.claimed({});
  (void)house.release(100);
  std::vector<LeasedJob> unknown;
  for (int number = 1; number <= 4; ++number) unknown.push_back(job_of(number, "vault", "any"));
  EXPECT_THAT(house.claimed(unknown).asked_due, SizeIs(1));
  EXPECT_THAT(house.due(50).claims, IsEmpty());
  house.now += rules.safety_poll_us;
  EXPECT_THAT(house.tick().claims, SizeIs(1));
}

}  // namespace
}  // namespace brokers::dispatch
