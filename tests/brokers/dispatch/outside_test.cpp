// Jobs that call an outside party wait for credit of their own: however many wait, nothing else waits with them.
#include <gmock/gmock.h>

#include "tests/brokers/dispatch/house.hpp"

namespace brokers::dispatch {
namespace {

using namespace tests;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<LeasedJob> calls(int first, int last, int owner = 1) {
  std::vector<LeasedJob> made;
  for (int number = first; number <= last; ++number) made.push_back(job_of(number, "order", "place_order", owner));
  return made;
}
Rules few_wait() {
  Rules rules;
  rules.claim_limit = 32;
  rules.most_limited = 8;
  return rules;
}

TEST(Outside, WhatWaitsForItsCreditTakesNoPureRoom) {
  House house;
  house.join("w1", 64, 2);
  const auto waiting = house.claimed(calls(1, 300));
  EXPECT_THAT(waiting.all_assigned(), ElementsAre(1, 2));
  EXPECT_THAT(waiting.claims, ElementsAre(64)) << "all pure credit is free";
  EXPECT_THAT(house.claimed(jobs(1'001, 1'064, 2)).all_assigned(), SizeIs(64));
}

// Those that reach the venues died: the others know the command, and may not run it.
TEST(Outside, WorkersWithoutAnySuchCreditStillGetTheirWork) {
  House house;
  house.join("inside", 64, 0);
  EXPECT_THAT(house.claimed(calls(1, 300)).claims, ElementsAre(64));
  EXPECT_THAT(house.claimed(jobs(1'001, 1'010)).all_assigned(), SizeIs(10));
  house.ready("outside", "outside", {}, 0, 3);
  EXPECT_THAT(house.orders().all_assigned(), ElementsAre(1, 2, 3)) << "they waited here";
}

// The same command is no outside call to another worker: these wait for pure credit.
TEST(Outside, WhoCouldDoItWithPureCreditIsWaitedForAsSuch) {
  House house;
  house.join("w1", 64, 0);
  schemas::Ready ready;
  ready.worker = "w2";
  ready.capabilities = {{"order", 1, {}}};
  ready.pure_credit = 1;
  house.dispatch.ready("w2", ready, house.now);
  (void)house.orders();
  EXPECT_THAT(house.claimed(calls(1, 300)).claims, IsEmpty());
}

TEST(Outside, BeyondSoManyTheyGoBackForAWhile) {
  House house(few_wait());
  house.join("w1", 64, 0);
  const auto orders = house.claimed(calls(1, 20));
  ASSERT_THAT(orders.given_back, SizeIs(12));
  EXPECT_EQ(orders.given_back[0].key.instance.value, 9) << "the oldest stay";
  EXPECT_EQ(orders.given_back[0].reason, "waits for a worker's outside credit");
  EXPECT_EQ(orders.given_back[0].error_class, "waits_for_credit");
  EXPECT_THAT(orders.given_back, Each(Field(&ledger::jobs::Failure::delay_ms, 1'000)));
  EXPECT_THAT(orders.given_back, Each(Field(&ledger::jobs::Failure::counts_as_try, false)));
  EXPECT_EQ(house.dispatch.queued(), 8U);
}

TEST(Outside, UrgentOnesAreNotClaimedWithoutEnd) {
  Rules rules = few_wait();
  rules.priorities = {{{"order", "place_order"}, 5}, {{"order", "cancel_order"}, 5}};
  House house(rules);
  house.join("w1", 2, 0);
  (void)house.claimed(jobs(1'001, 1'010));  // two run, eight wait for pure credit: no room
  (void)house.orders();
  (void)house.claimed(calls(1, 7));
  house.now += rules.safety_poll_us;
  auto orders = house.tick();
  ASSERT_THAT(orders.claim_orders, SizeIs(1));
  EXPECT_TRUE(orders.claim_orders[0].only_urgent);
  EXPECT_THAT(orders.claim_orders[0].urgent, SizeIs(2));
  (void)house.claimed(calls(8, 8));
  house.now += rules.safety_poll_us;
  orders = house.tick();
  ASSERT_THAT(orders.claim_orders, SizeIs(1));
  ASSERT_THAT(orders.claim_orders[0].urgent, SizeIs(1)) << "eight wait here";
  EXPECT_EQ(orders.claim_orders[0].urgent[0].command, "cancel_order");
}

}  // namespace
}  // namespace brokers::dispatch
