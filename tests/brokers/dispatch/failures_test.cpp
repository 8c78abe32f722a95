// What goes wrong: retries with back-off, parking, doubt, silent and dead workers, re-registration, lost leases.
#include <gmock/gmock.h>

#include <functional>

#include "tests/brokers/dispatch/house.hpp"

namespace brokers::dispatch {
namespace {

using namespace tests;
using schemas::DoneKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

ledger::jobs::Failure failure_after(int tries, std::uint64_t seed = 1, std::int64_t retry_after_ms = 0) {
  Rules rules;
  rules.seed = seed;
  House house(rules);
  house.join("w1");
  LeasedJob tried = job(1);
  tried.tries = tries;
  (void)house.claimed({tried});
  const auto orders = house.failed("w1", 1, retry_after_ms);
  EXPECT_THAT(orders.given_back, SizeIs(1));
  return orders.given_back.at(0);
}

TEST(Failures, BackOffDoublesUpToALimitWithJitter) {
  std::int64_t base = 100;
  for (int tries = 0; tries < 18; ++tries, base = std::min<std::int64_t>(base * 2, 60'000)) {
    const auto failure = failure_after(tries);
    EXPECT_GE(failure.delay_ms, base) << tries;
    EXPECT_LE(failure.delay_ms, base + base / 4) << tries;
    EXPECT_FALSE(failure.park);
    EXPECT_TRUE(failure.counts_as_try);
  }
  std::set<std::int64_t> delays;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) delays.insert(failure_after(8, seed).delay_ms);
  EXPECT_GT(delays.size(), 10U) << "jitter: not all at one moment";
}

TEST(Failures, WhatThePartyAskedForWinsOverOurBackOff) {
  EXPECT_EQ(failure_after(0, 1, 7).delay_ms, 7);
  EXPECT_EQ(failure_after(9, 1, 30'000).delay_ms, 30'000);
}

TEST(Failures, NobodyWaitsLongerThanADayForAnotherTry) {
  EXPECT_EQ(failure_after(0, 1, INT64_MAX).delay_ms, 86'400'000);
}

TEST(Failures, TheLastTryParks) {
  EXPECT_FALSE(failure_after(18).park);
  EXPECT_TRUE(failure_after(19).park);
  EXPECT_EQ(failure_after(19).reason, "told so");
}

// Found by tests/simulation, seed 145: a WELCOME took two seconds, the worker asked again every 300 ms, and a job that
// it had never seen was parked as its killer.
TEST(Failures, AWorkerThatRegistersAgainOverTheSameSocketHasNotDied) {
  House house;
  house.join("w1");
  for (int times = 1; times <= 7; ++times) {
    EXPECT_THAT(house.claimed({leased_again(job(1), times)}).all_assigned(), ElementsAre(times));
    house.ready("w1", "w1");
    const auto orders = house.orders();
    ASSERT_THAT(orders.given_back, SizeIs(1));
    EXPECT_FALSE(orders.given_back[0].park) << orders.given_back[0].reason;
  }
}

TEST(Failures, FatalParksAtOnce) {
  House house;
  house.join("w1");
  (void)house.claimed({job(1)});
  const auto orders = house.failed("w1", 1, 0, true);
  ASSERT_THAT(orders.given_back, SizeIs(1));
  EXPECT_TRUE(orders.given_back[0].park);
  EXPECT_EQ(orders.given_back[0].token, token(1));
  EXPECT_EQ(house.dispatch.in_flight(), 0U);
}

TEST(Failures, WaitingForAKeyIsNoTryAndNeverParks) {
  House house;
  house.join("w1");
  LeasedJob last = job(1);
  last.tries = 19;
  (void)house.claimed({last});
  house.dispatch.failed(
      "w1",
      {token(1), machines::CallError::fatal_auth, 250, "some words", false, false, machines::GiveUpCode::waits_for_key},
      house.now);
  const auto orders = house.orders();
  ASSERT_THAT(orders.given_back, SizeIs(1));
  EXPECT_FALSE(orders.given_back[0].park);
  EXPECT_FALSE(orders.given_back[0].counts_as_try);
  EXPECT_EQ(orders.given_back[0].delay_ms, 250);
  EXPECT_EQ(orders.given_back[0].error_class, "waits_for_key");
}

TEST(Failures, AFailureOfAnothersTokenIsIgnored) {
  House house;
  house.join("w1");
  house.join("w2");
  const auto holder = house.claimed({job(1)}).assigned.begin()->first;
  EXPECT_THAT(house.failed(holder == "w1" ? "w2" : "w1", 1).given_back, IsEmpty());
  EXPECT_THAT(house.failed(holder, 1).given_back, SizeIs(1));
  EXPECT_THAT(house.failed(holder, 1).given_back, IsEmpty()) << "a second time";
}

TEST(Failures, DoubtGivesTheTokenBackWithoutCountingATry) {
  House house;
  house.join("w1");
  (void)house.claimed({job(1)});
  const auto orders = house.done("w1", {1}, DoneKind::doubt);
  ASSERT_THAT(orders.given_back, SizeIs(1));
  EXPECT_EQ(orders.given_back[0].token, token(1));
  EXPECT_FALSE(orders.given_back[0].counts_as_try);
  EXPECT_FALSE(orders.given_back[0].park);
  EXPECT_EQ(orders.story.front(), "give_back") << "before the next claim, so that it can be had there";
  EXPECT_THAT(orders.claims, SizeIs(1));
}

TEST(Failures, AWorkerSilentForTheTtlLosesItsLeasesWithoutCountingATry) {
  House house;
  house.join("w1");
  (void)house.claimed(jobs(1, 3));
  house.now += 3'000 * ms;
  EXPECT_THAT(house.tick().given_back, IsEmpty());
  house.now += 1;
  const auto orders = house.tick();
  ASSERT_THAT(orders.given_back, SizeIs(3));
  for (const auto& failure : orders.given_back) {
    EXPECT_FALSE(failure.counts_as_try);
    EXPECT_FALSE(failure.park);
    EXPECT_EQ(failure.delay_ms, 0);
  }
  EXPECT_EQ(house.dispatch.in_flight(), 0U);
  EXPECT_THAT(house.dispatch.view(house.now).workers, IsEmpty());
  EXPECT_EQ(house.dispatch.view(house.now).reissued, 3);
}

TEST(Failures, AnySignOfLifeKeepsTheLeases) {
  House house;
  house.join("w1");
  (void)house.claimed(jobs(1, 4));
  const std::vector<std::function<void()>> signs{
      [&] { house.dispatch.heard("w1", house.now); },
      [&] { (void)house.done("w1", {1}); },
      [&] { (void)house.failed("w1", 2); },
  };
  for (const auto& sign : signs) {
    house.now += 2'900 * ms;
    sign();
    (void)house.orders();
    EXPECT_THAT(house.tick().given_back, IsEmpty());
  }
}

TEST(Failures, AWorkerWhoseConnectionIsGoneLosesItsLeasesAtOnce) {
  House house;
  house.join("w1");
  (void)house.claimed(jobs(1, 2));
  house.dispatch.gone("w1", house.now);
  EXPECT_THAT(house.orders().given_back, SizeIs(2));
  house.dispatch.gone("w1", house.now);
  EXPECT_TRUE(house.orders().none());
}

TEST(Failures, JobsHeldAtADeathRunAloneOneAfterAnother) {
  House house;
  house.join("w1");
  (void)house.claimed(jobs(1, 3));
  house.dispatch.gone("w1", house.now);
  (void)house.orders();
  house.join("w2");
  std::vector<LeasedJob> again;
  for (const auto& one : jobs(1, 3)) again.push_back(leased_again(one, number_of(one.token) + 10));
  again.push_back(job(20));  // was not there at the death
  const auto orders = house.claimed(again);
  EXPECT_THAT(orders.parcels, ElementsAre(testing::Pair("w2", 1)));
  EXPECT_THAT(orders.all_assigned(), ElementsAre(11));
  EXPECT_THAT(house.done("w2", {11}).all_assigned(), ElementsAre(12));
  EXPECT_THAT(house.done("w2", {12}).all_assigned(), ElementsAre(13));
  EXPECT_THAT(house.done("w2", {13}).all_assigned(), ElementsAre(20));
}

TEST(Failures, ALoneRunWaitsForEmptyHandsAndGetsThemUnderSteadyLoad) {
  House house;
  house.join("w1", 2);
  (void)house.claimed({job(1)});
  house.dispatch.gone("w1", house.now);
  (void)house.orders();
  house.join("w2", 2);
  std::set<int> flying = house.claimed(jobs(100, 140)).all_assigned();
  (void)house.claimed({leased_again(job(1), 11)});
  int rounds = 0;
  for (; !flying.contains(11) && rounds < 10; ++rounds) {
    const int ended = *flying.begin();
    flying.erase(ended);
    for (const int fresh : house.done("w2", {ended}).all_assigned()) flying.insert(fresh);
  }
  EXPECT_THAT(flying, ElementsAre(11)) << "after " << rounds << " rounds, with a backlog of "
                                       << house.dispatch.queued();
}

// Runs job 1 on `deaths` workers in a row, each of which dies of it; what was given back at each death.
std::vector<ledger::jobs::Failure> kill_workers(House& house, int deaths) {
  std::vector<ledger::jobs::Failure> given_back;
  for (int death = 1; death <= deaths; ++death) {
    const std::string name = "w" + std::to_string(death);
    house.join(name);
    EXPECT_THAT(house.claimed({leased_again(job(1), death)}).all_assigned(), ElementsAre(death));
    house.dispatch.gone(name, house.now);
    const auto orders = house.orders();
    EXPECT_THAT(orders.given_back, SizeIs(1));
    given_back.push_back(orders.given_back.at(0));
  }
  return given_back;
}

TEST(Failures, AJobThatRanAloneAtFiveDeathsInARowIsParkedAsKillsWorker) {
  House house;
  const auto given_back = kill_workers(house, 6);  // the first time it did not run alone
  for (std::size_t death = 0; death < 5; ++death) EXPECT_FALSE(given_back[death].park) << death;
  EXPECT_TRUE(given_back[5].park);
  EXPECT_EQ(given_back[5].reason, "kills_worker");
}

TEST(Failures, AGoodEndClearsTheSuspicion) {
  House house;
  (void)kill_workers(house, 5);
  house.join("survivor");
  (void)house.claimed({leased_again(job(1), 90)});
  (void)house.done("survivor", {90}, DoneKind::rearmed);
  const auto orders = house.claimed({leased_again(job(1), 91), job(5)});
  EXPECT_THAT(orders.parcels, ElementsAre(testing::Pair("survivor", 2))) << "not alone any more";
  house.dispatch.gone("survivor", house.now);
  for (const auto& failure : house.orders().given_back) EXPECT_FALSE(failure.park);
}

TEST(Failures, ReRegistrationKeepsWhatTheWorkerStillHoldsAndReissuesTheRest) {
  House house;
  house.join("w1", 4);
  (void)house.claimed(jobs(1, 4));
  house.ready("w1-again", "w1", {2, 4}, 4);
  const auto orders = house.orders();
  std::set<int> given_back;
  for (const auto& failure : orders.given_back) given_back.insert(number_of(failure.token));
  EXPECT_THAT(given_back, ElementsAre(1, 3));
  EXPECT_EQ(house.dispatch.in_flight(), 2U);
  ASSERT_THAT(house.dispatch.view(house.now).workers, SizeIs(1));
  EXPECT_EQ(house.dispatch.view(house.now).workers[0].in_flight, 2);
  (void)house.done("w1", {2});
  EXPECT_EQ(house.dispatch.in_flight(), 2U) << "the earlier connection may no longer speak";
  EXPECT_THAT(house.claimed(jobs(11, 20)).assigned["w1-again"], SizeIs(2)) << "held jobs use the new credit";
  (void)house.done("w1-again", {2, 4});
  EXPECT_EQ(house.dispatch.in_flight(), 4U);
}

TEST(Failures, ReRegistrationOnTheSameConnectionKeepsItsLeases) {
  House house;
  house.join("w1", 4);
  (void)house.claimed(jobs(1, 2));
  house.ready("w1", "w1", {1, 2}, 4);
  EXPECT_THAT(house.orders().given_back, IsEmpty());
  EXPECT_EQ(house.dispatch.in_flight(), 2U);
  EXPECT_THAT(house.claimed(jobs(11, 20)).assigned["w1"], SizeIs(2));
}

TEST(Failures, ReRegistrationCannotTakeAnotherWorkersLease) {
  House house;
  house.join("w1", 4);
  (void)house.claimed(jobs(1, 2));
  house.ready("w2", "w2", {1, 2}, 4);
  EXPECT_THAT(house.orders().given_back, IsEmpty());
  (void)house.done("w2", {1, 2});
  EXPECT_EQ(house.dispatch.in_flight(), 2U);
  (void)house.done("w1", {1, 2});
  EXPECT_EQ(house.dispatch.in_flight(), 0U);
}

TEST(Failures, GoodbyeHandsUnstartedJobsBackWithoutSuspicion) {
  House house;
  house.join("w1");
  (void)house.claimed(jobs(1, 3));
  const auto orders = house.goodbye("w1", {1, 2});  // 3 was on its way when it left
  EXPECT_THAT(orders.given_back, SizeIs(3));
  for (const auto& failure : orders.given_back) EXPECT_FALSE(failure.counts_as_try);
  ASSERT_THAT(orders.said, SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<schemas::Goodbye>(orders.said[0].message)) << "it may go";
  house.join("w2");
  std::vector<LeasedJob> again;
  for (const auto& one : jobs(1, 3)) again.push_back(leased_again(one, number_of(one.token) + 10));
  EXPECT_THAT(house.claimed(again).parcels, ElementsAre(testing::Pair("w2", 3))) << "together: nobody died of them";
}

TEST(Failures, ALeaseThatNobodyHoldsIsReissuedWhenSeenTwice) {
  House house;
  house.join("w1", 1);
  (void)house.claimed(jobs(1, 2));  // 1 flies, 2 waits here
  house.leases_seen({job(1), job(2), job(3), job(4)});
  EXPECT_TRUE(house.orders().none()) << "its DONE may be on the way";
  (void)house.done("w1", {}, DoneKind::done, {job(4)});
  house.leases_seen({job(1), job(2), job(3), job(4)});
  const auto orders = house.orders();
  ASSERT_THAT(orders.given_back, SizeIs(1));
  EXPECT_EQ(orders.given_back[0].token, token(3));
  EXPECT_FALSE(orders.given_back[0].counts_as_try);
  house.leases_seen({job(1)});
  house.leases_seen({job(1), leased_again(job(3), 30)});
  EXPECT_TRUE(house.orders().none()) << "a fresh lease of the same job is another lease";
}

TEST(Failures, AFlightWhoseLeaseIsGoneHasLandedWhenSeenTwice) {
  House house;
  house.join("w1", 3);
  (void)house.claimed(jobs(1, 3));
  house.leases_seen({job(1)});
  EXPECT_EQ(house.dispatch.in_flight(), 3U) << "their DONE may be on the way";
  house.leases_seen({job(1), job(2)});
  EXPECT_EQ(house.dispatch.in_flight(), 2U) << "3 was gone both times, 2 came back in between";
  EXPECT_TRUE(house.orders().given_back.empty()) << "there is no row to give back";
  EXPECT_THAT(house.claimed(jobs(4, 5)).parcels, ElementsAre(testing::Pair("w1", 1))) << "its hand is free again";
  (void)house.done("w1", {3});  // late after all
  EXPECT_EQ(house.dispatch.in_flight(), 3U);
  house.dispatch.leases_seen(std::vector<int>{1}, {});
  house.dispatch.leases_seen(std::vector<int>{1}, {});
  EXPECT_EQ(house.dispatch.in_flight(), 3U) << "nothing was said of shard 0";
}

TEST(Failures, WhatOnlyALostWorkerCouldDoIsGivenBackWhenOthersRemain) {
  House house;
  house.join("both", 1);
  schemas::Ready narrow;
  narrow.worker = "narrow";
  narrow.capabilities = {{"order", 1, {}}};
  house.dispatch.ready("narrow", narrow, house.now);
  (void)house.orders();
  (void)house.claimed(jobs(1, 3));
  EXPECT_EQ(house.dispatch.queued(), 2U);
  house.dispatch.gone("both", house.now);
  EXPECT_THAT(house.orders().given_back, SizeIs(3));
  EXPECT_EQ(house.dispatch.queued(), 0U);
}

TEST(Failures, WithoutAnyWorkerClaimedJobsWaitForTheNext) {
  House house;
  house.join("w1", 1);
  (void)house.claimed(jobs(1, 3));
  house.dispatch.gone("w1", house.now);
  EXPECT_THAT(house.orders().given_back, SizeIs(1));
  EXPECT_EQ(house.dispatch.queued(), 2U);
  house.ready("w2", "w2");
  EXPECT_THAT(house.orders().all_assigned(), UnorderedElementsAre(2, 3));
}

}  // namespace
}  // namespace brokers::dispatch
