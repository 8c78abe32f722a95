// World time passes only when nothing of it is open; and in as few round trips as can be.
#include <gmock/gmock.h>

#include "tests/brokers/dispatch/house.hpp"

namespace brokers::dispatch {
namespace {

using namespace tests;
using schemas::DoneKind;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t never = INT64_MAX;

// A house whose first, idle claim has found nothing.
House idle_house(int pure = 256) {
  House house;
  house.join("w1", pure);
  (void)house.claimed({});
  return house;
}

schemas::Released released(const Ordered& orders) {
  EXPECT_THAT(orders.said, SizeIs(1));
  EXPECT_EQ(orders.said.at(0).peer, "feed");
  return std::get<schemas::Released>(orders.said.at(0).message);
}

TEST(Barrier, TheCommonBarTakesOneClaimAndOneQuestion) {
  House house = idle_house();
  EXPECT_THAT(house.release(100).story, ElementsAre("claim"));
  EXPECT_EQ(house.dispatch.world_now(), machines::Instant{100});
  EXPECT_THAT(house.claimed(jobs(1, 2)).story, ElementsAre("assign"));
  EXPECT_TRUE(house.done("w1", {1}, DoneKind::rearmed).none());
  const auto asked = house.done("w1", {2}, DoneKind::rearmed);
  EXPECT_THAT(asked.story, ElementsAre("ask_due"));
  EXPECT_THAT(asked.asked_due, ElementsAre(machines::Instant{100}));
  const auto orders = house.due(200);
  EXPECT_THAT(orders.story, ElementsAre("released"));
  EXPECT_EQ(released(orders), (schemas::Released{{100}, false, {}, "", {200}}));
}

TEST(Barrier, ATransitionIsFollowedByAClaimForWhatItOrdered) {
  House house = idle_house();
  (void)house.release(100);
  (void)house.claimed({job(1)});
  EXPECT_THAT(house.done("w1", {1}, DoneKind::done).story, ElementsAre("claim"));
  EXPECT_THAT(house.claimed({job(2)}).story, ElementsAre("assign"));
  EXPECT_THAT(house.done("w1", {2}, DoneKind::done).story, ElementsAre("claim"));
  EXPECT_THAT(house.claimed({}).story, ElementsAre("ask_due"));
  EXPECT_THAT(house.due(never).story, ElementsAre("released"));
}

TEST(Barrier, WhatIsSettledLeavesNothingToClaim) {
  House house = idle_house();
  (void)house.claimed({job(1)});
  EXPECT_TRUE(house.done("w1", {1}, DoneKind::settled, {job(50)}).none()) << "its follow-up stays with the worker";
  EXPECT_TRUE(house.done("w1", {50}, DoneKind::settled).none());
  house.now += 200 * ms;
  EXPECT_THAT(house.tick().story, ElementsAre("claim")) << "the safety poll stays";
}

TEST(Barrier, WhatIsSettledLetsTheBarrierPass) {
  House house = idle_house();
  (void)house.release(100);
  (void)house.claimed({job(1)});
  EXPECT_THAT(house.done("w1", {1}, DoneKind::settled).story, ElementsAre("ask_due"));
  EXPECT_THAT(house.due(200).story, ElementsAre("released"));
}

// Bars of 100 that open at 1, 101, 201 and close at 100, 200, 300.
const std::vector<schemas::Ahead> two_more{{{101}, {200}}, {{201}, {300}}};

TEST(Barrier, TimeGoesOnByItselfAsLongAsNothingIsDueAtAnOpen) {
  House house = idle_house();
  (void)house.release(100, two_more);
  (void)house.claimed({job(1)});
  EXPECT_THAT(house.done("w1", {1}, DoneKind::rearmed).story, ElementsAre("ask_due"));
  EXPECT_THAT(house.due(200).story, ElementsAre("claim")) << "on to 200, without a word to the feed";
  EXPECT_EQ(house.dispatch.world_now(), machines::Instant{200});
  (void)house.claimed({job(2)});
  (void)house.done("w1", {2}, DoneKind::rearmed);
  EXPECT_THAT(house.due(300).story, ElementsAre("claim"));
  (void)house.claimed({job(3)});
  (void)house.done("w1", {3}, DoneKind::rearmed);
  EXPECT_EQ(released(house.due(400)), (schemas::Released{{300}, false, {}, "", {400}})) << "one answer for all three";
}

TEST(Barrier, TimeStopsBeforeAnOpenThatSomebodyWaitsFor) {
  House house = idle_house();
  (void)house.release(100, two_more);
  (void)house.claimed({});
  EXPECT_EQ(released(house.due(101)), (schemas::Released{{100}, false, {}, "", {101}}));
  EXPECT_EQ(house.dispatch.world_now(), machines::Instant{100});
}

TEST(Barrier, BarsWithoutWorkPassWithoutAClaim) {
  House house = idle_house();
  (void)house.release(100, two_more);
  (void)house.claimed({});
  EXPECT_EQ(released(house.due(never)).world_at, machines::Instant{300});
}

TEST(Barrier, AParkedJobEndsTheWayAhead) {
  House house = idle_house();
  (void)house.release(100, two_more);
  (void)house.claimed({});
  house.dispatch.due_is({{90}, job(1).key, "why", 0}, house.now);
  EXPECT_TRUE(released(house.orders()).stalled);
  EXPECT_EQ(house.dispatch.world_now(), machines::Instant{100});
}

TEST(Barrier, WhoHoldsAllThatIsOpenIsToldHowLongThatLasts) {
  House house = idle_house();
  const auto timers = jobs(1, 2);
  EXPECT_FALSE(house.dispatch.wants_next_unheld(timers));
  (void)house.release(100, two_more);
  EXPECT_TRUE(house.dispatch.wants_next_unheld(timers));
  EXPECT_FALSE(house.dispatch.wants_next_unheld({}));
  EXPECT_THAT(house.claimed(jobs(1, 2), never).alone_until, ElementsAre(machines::Instant{300}));
  (void)house.done("w1", {1, 2}, DoneKind::rearmed);
  EXPECT_THAT(house.due(200).story, ElementsAre("claim"));
  EXPECT_THAT(house.claimed({job(3)}, 250).alone_until, ElementsAre(machines::Instant{249}));
}

TEST(Barrier, WhatElseIsOpenNowLeavesNobodyAlone) {
  House house = idle_house();
  (void)house.release(100, two_more);
  EXPECT_THAT(house.claimed({job(1)}, 100).alone_until, ElementsAre(machines::Instant{0}));
}

TEST(Barrier, NobodyIsAloneWhileAnotherHoldsWork) {
  House house = idle_house();
  (void)house.release(100, two_more);
  (void)house.claimed({job(1)}, never);
  EXPECT_FALSE(house.dispatch.wants_next_unheld(jobs(2, 2)));
  (void)house.done("w1", {1}, DoneKind::done, {job(50)});
  EXPECT_THAT(house.claimed({job(2)}, never).alone_until, ElementsAre(machines::Instant{0}));
}

// They will be at it for a while, and what comes back is nothing that a timer knows of.
TEST(Barrier, NobodyIsAskedToLookAheadWithAnEventOrAnOutsideCall) {
  House house = idle_house();
  (void)house.release(100, two_more);
  LeasedJob event = job(1), outside = job(2);
  event.is_event = true;
  outside.kind = "order";
  outside.command = "place_order";
  EXPECT_FALSE(house.dispatch.wants_next_unheld(std::vector{job(3), event}));
  EXPECT_FALSE(house.dispatch.wants_next_unheld(std::vector{job(3), outside}));
  EXPECT_THAT(house.claimed({job(3), outside}, never).alone_until, ElementsAre(machines::Instant{0}));
}

TEST(Barrier, NobodyIsAloneWithHalfOfWhatWasClaimed) {
  House house = idle_house(1);
  house.join("w2", 1);
  (void)house.release(100, two_more);
  EXPECT_THAT(house.claimed(jobs(1, 2), never).alone_until, ElementsAre(machines::Instant{0}, machines::Instant{0}));
}

TEST(Barrier, NobodyIsAloneWhereTimeMayNotGoOn) {
  House house = idle_house();
  (void)house.release(100);
  EXPECT_FALSE(house.dispatch.wants_next_unheld(jobs(1, 1)));
  EXPECT_THAT(house.claimed({job(1)}, never).alone_until, ElementsAre(machines::Instant{0}));
}

// Worked out for one claim, it must not outlive it: by the time the second job has a place, something may be open.
TEST(Barrier, WhatWaitedForCreditIsNotAlone) {
  House house = idle_house(1);
  (void)house.release(100, two_more);
  (void)house.claimed(jobs(1, 2), never);
  const auto orders = house.done("w1", {1}, DoneKind::rearmed);
  EXPECT_THAT(orders.alone_until, ElementsAre(machines::Instant{0}));
}

TEST(Barrier, AReleaseAskedAgainKeepsOnlyWhatLiesAhead) {
  House house = idle_house();
  (void)house.release(100, two_more);
  (void)house.claimed({});
  EXPECT_THAT(house.due(150).story, ElementsAre("claim"));
  (void)house.claimed({job(1)});
  (void)house.release(100, two_more);
  EXPECT_EQ(house.dispatch.world_now(), machines::Instant{200}) << "never back";
  (void)house.done("w1", {1}, DoneKind::rearmed);
  EXPECT_THAT(house.due(300).story, ElementsAre("claim"));
  EXPECT_EQ(house.dispatch.world_now(), machines::Instant{300});
}

TEST(Barrier, NothingDuePassesAtOnce) {
  House house = idle_house();
  (void)house.release(100);
  EXPECT_THAT(house.claimed({}).story, ElementsAre("ask_due"));
  EXPECT_EQ(released(house.due(never)).next_due.us, never);
}

TEST(Barrier, WhatIsHandedOverEagerlyHoldsTheBarrier) {
  House house = idle_house();
  (void)house.release(100);
  (void)house.claimed({job(1)});
  const auto during = house.done("w1", {1}, DoneKind::done, {job(50)});
  EXPECT_THAT(during.asked_due, IsEmpty());
  (void)house.claimed({});
  EXPECT_THAT(house.done("w1", {50}, DoneKind::rearmed).story, testing::Contains("ask_due"));
}

TEST(Barrier, WithoutAWorkerItWaits) {
  House house;
  EXPECT_TRUE(house.release(100).none());
  house.now += 1'000 * ms;
  EXPECT_TRUE(house.tick().none());
  house.ready("w1", "w1");
  EXPECT_THAT(house.orders().claims, SizeIs(1));
}

TEST(Barrier, AParkedJobStallsItWithItsNameAndReason) {
  House house = idle_house();
  (void)house.release(100);
  (void)house.claimed({});
  house.dispatch.due_is({{50}, job(9).key, "kills_worker", 0}, house.now);
  const auto answer = released(house.orders());
  EXPECT_TRUE(answer.stalled);
  EXPECT_EQ(answer.parked, job(9).key);
  EXPECT_EQ(answer.reason, "kills_worker");
}

TEST(Barrier, ADelayedJobIsClaimedWhenItsBackOffIsOver) {
  House house = idle_house();
  (void)house.release(100);
  (void)house.claimed({job(1)});
  EXPECT_THAT(house.failed("w1", 1, 5).story, ElementsAre("give_back", "ask_due"));
  EXPECT_TRUE(house.due(100, 5 * ms).none());
  EXPECT_EQ(house.dispatch.next_tick_us(house.now), house.now + 5 * ms);
  house.now += 5 * ms - 1;
  EXPECT_TRUE(house.tick().none());
  house.now += 1;
  EXPECT_THAT(house.tick().story, ElementsAre("claim"));
  EXPECT_THAT(house.claimed({leased_again(job(1), 11)}).story, ElementsAre("assign"));
  (void)house.done("w1", {11}, DoneKind::rearmed);
  EXPECT_THAT(house.due(never).story, ElementsAre("released"));
}

// A lease of a dead one: nobody can claim it until the sweep finds it.
TEST(Barrier, AJobThatNobodyCanClaimIsAskedForEverMoreSlowly) {
  House house = idle_house();
  (void)house.release(100);
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 12; ++i) {
    EXPECT_THAT(house.claimed({}).story, ElementsAre("ask_due"));
    EXPECT_TRUE(house.due(100).none());
    waits.push_back(house.dispatch.next_tick_us(house.now) - house.now);
    house.now += waits.back();
    EXPECT_THAT(house.tick().story, ElementsAre("claim")) << i;
  }
  EXPECT_TRUE(std::is_sorted(waits.begin(), waits.end()));
  EXPECT_GE(waits.front(), 1 * ms);
  EXPECT_GE(waits.back(), 100 * ms);
  EXPECT_LE(waits.back(), 200 * ms);
}

TEST(Barrier, WorldTimeNeverGoesBack) {
  House house = idle_house();
  (void)house.release(100);
  (void)house.claimed({});
  (void)house.due(never);
  (void)house.release(40);
  EXPECT_EQ(house.dispatch.world_now(), machines::Instant{100});
  (void)house.claimed({});
  EXPECT_EQ(released(house.due(never)).world_at, machines::Instant{100})
      << "asked again: it has passed, and passes again";
}

TEST(Barrier, WorldTimeThatTheLedgerKnowsOfIsClaimedWithoutARelease) {
  House house;
  house.join("w1");
  house.dispatch.world_has_come({70}, house.now);
  (void)house.orders();
  EXPECT_EQ(house.dispatch.world_now(), machines::Instant{70});
  house.now += 2'000 * ms;
  EXPECT_EQ(house.dispatch.view(house.now).world_now, machines::Instant{70});
  EXPECT_EQ(house.dispatch.view(house.now).world_ms, 2'000);
  house.dispatch.world_has_come({60}, house.now);
  EXPECT_EQ(house.dispatch.world_now(), machines::Instant{70}) << "it never goes back";
  (void)house.release(80);
  house.dispatch.world_has_come({75}, house.now);
  EXPECT_EQ(house.dispatch.world_now(), machines::Instant{80});
}

TEST(Barrier, TheSafetyPollClaimsWithoutAnyHint) {
  House house = idle_house();
  EXPECT_TRUE(house.tick().none());
  house.now += 200 * ms;
  EXPECT_THAT(house.tick().story, ElementsAre("claim"));
  EXPECT_TRUE(house.tick().none()) << "one question at a time";
}

TEST(Barrier, ADueAnswerWithoutABarrierIsIgnored) {
  House house = idle_house();
  EXPECT_TRUE(house.due(never).none());
}

}  // namespace
}  // namespace brokers::dispatch
