// Who gets which job: credit, fairness, one job in flight per instance, registration.
#include <gmock/gmock.h>

#include "tests/brokers/dispatch/house.hpp"

namespace brokers::dispatch {
namespace {

using namespace tests;
using schemas::DoneKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Assign, AWorkerThatRegistersIsWelcomedAndWorkIsClaimedForIt) {
  House house;
  EXPECT_TRUE(house.tick().none()) << "without a worker nothing is claimed";
  house.ready("peer", "w1");
  const auto orders = house.orders();
  ASSERT_THAT(orders.said, SizeIs(1));
  EXPECT_EQ(orders.said[0].peer, "peer");
  EXPECT_EQ(std::get<schemas::Welcome>(orders.said[0].message), (schemas::Welcome{1000, 3000}));
  EXPECT_THAT(orders.claims, ElementsAre(256));
}

TEST(Assign, AWorkerOfAnotherWireVersionIsRefusedWithTheReason) {
  House house;
  schemas::Ready ready;
  ready.worker = "w1";
  ready.wire = schemas::wire_version + 1;
  house.dispatch.ready("peer", ready, house.now);
  const auto orders = house.orders();
  ASSERT_THAT(orders.said, SizeIs(1));
  EXPECT_THAT(std::get<schemas::Refused>(orders.said[0].message).reason, HasSubstr("wire version"));
  EXPECT_THAT(orders.claims, IsEmpty());
}

TEST(Assign, FewJobsOfAShardGoToOneWorkerInOneMessage) {
  House house;
  house.join("w1");
  house.join("w2");
  const auto orders = house.claimed(jobs(1, 16));
  ASSERT_THAT(orders.parcels, SizeIs(1));
  EXPECT_EQ(orders.parcels[0].second, 16U);
}

// As many as there was credit for: there may be more, even where nothing else hints at it.
TEST(Assign, AFullAnswerIsAskedForAgain) {
  House house;
  house.join("w1", 4);
  (void)house.claimed(jobs(1, 4));
  EXPECT_THAT(house.done("w1", {1, 2, 3, 4}, DoneKind::settled).claims, ElementsAre(4));
  (void)house.claimed(jobs(5, 7));
  EXPECT_THAT(house.done("w1", {5, 6, 7}, DoneKind::settled).claims, IsEmpty());
}

TEST(Assign, ABacklogIsSpreadOverAllWorkersInMessagesOfAHundredAtMost) {
  House house;
  house.join("w1", 500);
  house.join("w2", 500);
  const auto orders = house.claimed(jobs(1, 600));
  EXPECT_EQ(orders.all_assigned().size(), 600U);
  EXPECT_NEAR(static_cast<double>(orders.assigned.at("w1").size()), 300, 100);
  for (const auto& [peer, size] : orders.parcels) EXPECT_LE(size, 100U);
}

TEST(Assign, JobsOfTwoShardsNeverShareAMessage) {
  House house;
  house.join("w1");
  auto two = jobs(1, 3, 1, 0);
  for (const auto& other : jobs(4, 6, 2, 1)) two.push_back(other);
  const auto orders = house.claimed(two);
  EXPECT_THAT(orders.parcels, ElementsAre(testing::Pair("w1", 3), testing::Pair("w1", 3)));
}

TEST(Assign, CreditIsNeverExceededAndEveryCompletionReturnsOne) {
  House house;
  house.join("w1", 4);
  EXPECT_THAT(house.claimed(jobs(1, 10)).assigned["w1"], ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(house.done("w1", {2}).assigned["w1"], ElementsAre(5));
  EXPECT_THAT(house.done("w1", {1, 3}, DoneKind::rearmed).assigned["w1"], ElementsAre(6, 7));
  EXPECT_THAT(house.failed("w1", 4).assigned["w1"], ElementsAre(8));
}

TEST(Assign, OutsideCallsHaveACreditOfTheirOwn) {
  House house;
  house.join("w1", 10, 2);
  std::vector<LeasedJob> mixed;
  for (int number = 1; number <= 5; ++number) {
    mixed.push_back(job(number));
    mixed.back().kind = "order";
    mixed.back().command = "place_order";
  }
  mixed.push_back(job(6));
  EXPECT_THAT(house.claimed(mixed).assigned["w1"], ElementsAre(1, 2, 6));
  EXPECT_THAT(house.done("w1", {6}).assigned["w1"], IsEmpty()) << "a pure credit does not pay for an outside call";
  EXPECT_THAT(house.done("w1", {1}).assigned["w1"], ElementsAre(3));
}

TEST(Assign, AnEventIsNoOutsideCallWhateverItsName) {
  House house;
  house.join("w1", 1, 0);
  LeasedJob event = job(1);
  event.kind = "order";
  event.command = "place_order";
  event.is_event = true;
  EXPECT_THAT(house.claimed({event}).assigned["w1"], ElementsAre(1));
}

TEST(Assign, OneJobInFlightPerInstance) {
  House house;
  house.join("w1");
  house.join("w2");
  LeasedJob second = job(1);
  second.token = token(2);
  second.key.ordinal = 1000;
  EXPECT_THAT(house.claimed({job(1), second, job(3)}).all_assigned(), ElementsAre(1, 3));
  EXPECT_EQ(house.dispatch.queued(), 1U);
  const std::string first = house.dispatch.view(house.now).workers[0].in_flight > 0 ? "w1" : "w2";
  EXPECT_THAT(house.done(first, {1}).all_assigned(), ElementsAre(2));
}

TEST(Assign, AnInstanceStaysBusyUntilItsLastJobInFlightHasEnded) {
  House house;
  house.join("w1");
  (void)house.claimed({job(1)});
  // The commit of another instance handed this worker a second job of the same one.
  LeasedJob minted = job(1);
  minted.token = token(50);
  minted.key.ordinal = 7;
  (void)house.done("w1", {}, DoneKind::done, {minted});
  LeasedJob third = job(1);
  third.token = token(51);
  third.key.ordinal = 1001;
  EXPECT_THAT(house.claimed({third}).all_assigned(), IsEmpty());
  EXPECT_THAT(house.done("w1", {1}).all_assigned(), IsEmpty()) << "the minted one still flies";
  EXPECT_THAT(house.done("w1", {50}).all_assigned(), ElementsAre(51));
}

TEST(Assign, OwnersOfAShardTakeTurns) {
  House house;
  house.join("w1", 6);
  auto two = jobs(1, 10, 1);
  for (const auto& other : jobs(101, 110, 2)) two.push_back(other);
  EXPECT_THAT(house.claimed(two).assigned["w1"], ElementsAre(1, 101, 2, 102, 3, 103));
}

TEST(Assign, ALargeBacklogOfOneOwnerDoesNotStarveAnother) {
  House house;
  house.join("w1", 1);
  auto backlog = jobs(1, 100, 1);
  backlog.push_back(job(900, 2));
  backlog.push_back(job(901, 3));
  int current = *house.claimed(backlog).all_assigned().begin();
  std::vector<int> order{current};
  for (int i = 0; i < 5; ++i) order.push_back(current = *house.done("w1", {current}).all_assigned().begin());
  EXPECT_THAT(order, ElementsAre(1, 900, 901, 2, 3, 4));
}

TEST(Assign, ALargeBacklogOfOneShardDoesNotStarveAnother) {
  House house;
  house.join("w1", 1);
  auto backlog = jobs(1, 100, 1, 0);
  backlog.push_back(job(900, 2, 5));
  backlog.push_back(job(901, 3, 9));
  int current = *house.claimed(backlog).all_assigned().begin();
  std::vector<int> order{current};
  for (int i = 0; i < 4; ++i) order.push_back(current = *house.done("w1", {current}).all_assigned().begin());
  EXPECT_THAT(order, ElementsAre(1, 900, 901, 2, 3));
}

TEST(Assign, AFullClaimIsFollowedByAnotherOnlyWhileThereIsRoom) {
  House house;
  house.join("w1", 256);
  const auto orders = house.claimed(jobs(1, 256));
  EXPECT_EQ(orders.all_assigned().size(), 256U);
  EXPECT_THAT(orders.claims, IsEmpty());
  std::vector<int> half;
  for (int number = 1; number <= 128; ++number) half.push_back(number);
  EXPECT_THAT(house.done("w1", half).claims, SizeIs(1));
}

// With little credit, waiting until nothing is in flight would let one slow call hold up all others.
TEST(Assign, OneSlowJobDoesNotHoldUpTheRest) {
  House house;
  house.join("w1", 4);
  (void)house.claimed(jobs(1, 4));
  EXPECT_THAT(house.done("w1", {1}).claims, IsEmpty());
  const auto orders = house.done("w1", {2, 3});
  EXPECT_THAT(orders.claims, ElementsAre(3));
}

TEST(Assign, AJobThatNoWorkerCanDoIsGivenBackAndHoldsUpNobody) {
  House house;
  house.join("w1", 4);
  auto odd = jobs(1, 300);
  for (auto& one : odd) one.kind = "unheard_of";
  odd.push_back(job(500));
  const auto orders = house.claimed(odd);
  EXPECT_THAT(orders.all_assigned(), ElementsAre(500));
  ASSERT_THAT(orders.given_back, SizeIs(300));
  EXPECT_THAT(orders.given_back[0].reason, HasSubstr("unheard_of"));
  EXPECT_FALSE(orders.given_back[0].counts_as_try);
  EXPECT_FALSE(orders.given_back[0].park);
  EXPECT_GT(orders.given_back[0].delay_ms, 0);
  EXPECT_EQ(house.dispatch.queued(), 0U);
}

TEST(Assign, AStrangerIsToldToRegisterAgain) {
  House house;
  const auto of_done = house.done("stranger", {1});
  ASSERT_THAT(of_done.said, SizeIs(1));
  EXPECT_EQ(std::get<schemas::Refused>(of_done.said[0].message).reason, "register again");
  house.dispatch.heard("stranger", house.now);
  EXPECT_THAT(house.orders().said, SizeIs(1));
  EXPECT_THAT(house.failed("stranger", 1).said, SizeIs(1));
}

TEST(Assign, AHeartbeatIsAnswered) {
  House house;
  house.join("w1");
  house.dispatch.heard("w1", house.now);
  const auto orders = house.orders();
  ASSERT_THAT(orders.said, SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<schemas::Heartbeat>(orders.said[0].message));
}

TEST(Assign, ADuplicateOrStaleDoneChangesNothing) {
  House house;
  house.join("w1", 2);
  house.join("w2", 2);
  const auto orders = house.claimed(jobs(1, 4));
  const int of_w1 = orders.assigned.at("w1")[0];
  const auto before = house.dispatch.in_flight();
  (void)house.done("w2", {of_w1});
  EXPECT_EQ(house.dispatch.in_flight(), before) << "another worker's token";
  (void)house.done("w1", {777});
  EXPECT_EQ(house.dispatch.in_flight(), before) << "a token that nobody knows";
  (void)house.done("w1", {of_w1});
  EXPECT_EQ(house.dispatch.in_flight(), before - 1);
  (void)house.done("w1", {of_w1});
  EXPECT_EQ(house.dispatch.in_flight(), before - 1) << "a second time";
  (void)house.claimed(jobs(11, 20));
  for (const auto& worker : house.dispatch.view(house.now).workers) EXPECT_LE(worker.in_flight, 2) << worker.worker;
}

TEST(Assign, WhatAWorkerMintedIsHeldByItAndUsesItsCredit) {
  House house;
  house.join("w1", 2);
  (void)house.claimed(jobs(1, 1));
  (void)house.done("w1", {1}, DoneKind::done, {job(50), job(51)});
  EXPECT_EQ(house.dispatch.in_flight(), 2U);
  EXPECT_THAT(house.claimed(jobs(2, 3)).all_assigned(), IsEmpty());
  (void)house.done("w1", {}, DoneKind::done, {job(50)});
  EXPECT_EQ(house.dispatch.in_flight(), 2U) << "named twice";
  EXPECT_THAT(house.done("w1", {50}).all_assigned(), ElementsAre(2));
  EXPECT_THAT(house.done("w1", {51}).all_assigned(), ElementsAre(3));
}

TEST(Assign, KeptLeavesTheJobInFlight) {
  House house;
  house.join("w1");
  (void)house.claimed(jobs(1, 1));
  (void)house.done("w1", {1}, DoneKind::kept);
  EXPECT_EQ(house.dispatch.in_flight(), 1U);
}

TEST(Assign, ViewNamesTheWorkersAndWhatTheyHold) {
  House house;
  house.join("w1");
  (void)house.claimed(jobs(1, 3));
  house.now += 250 * ms;
  const auto view = house.dispatch.view(house.now);
  EXPECT_EQ(view.broker, "broker");
  EXPECT_EQ(view.dispatched, 3);
  ASSERT_THAT(view.workers, SizeIs(1));
  EXPECT_EQ(view.workers[0], (schemas::WorkerView{"w1", 3, 250}));
}

TEST(Assign, WhatAShardHasInHandIsWhatWaitsAndWhatIsInFlight) {
  House house;
  house.join("w", 2);
  (void)house.claimed({job(1, 1, 0), job(2, 1, 0), job(3, 2, 5), job(4, 2, 5)});
  EXPECT_EQ(house.dispatch.in_hand(0) + house.dispatch.in_hand(5), 4U);
  EXPECT_EQ(house.dispatch.in_flight(), 2U);
  EXPECT_EQ(house.dispatch.in_hand(1), 0U);
  for (const int number : {1, 2, 3, 4}) (void)house.done("w", {number});
  EXPECT_EQ(house.dispatch.in_hand(0) + house.dispatch.in_hand(5), 0U);
}

}  // namespace
}  // namespace brokers::dispatch
