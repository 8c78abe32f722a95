// Who a worker is, and what it holds: a second process of its name, a connection that breaks, a word that is lost.
#include <gmock/gmock.h>

#include "tests/brokers/dispatch/house.hpp"

namespace brokers::dispatch {
namespace {

using namespace tests;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A process of this name at this peer.
Ordered register_as(House& house, const std::string& peer, const std::string& name, int process,
                    std::vector<int> held = {}) {
  schemas::Ready ready;
  ready.worker = name;
  ready.capabilities = {{"cycle", 1, {}}};
  for (const int number : held) ready.held.push_back(token(number));
  ready.incarnation = token(process);
  house.dispatch.ready(peer, ready, house.now);
  return house.orders();
}

std::vector<std::string> refused(const Ordered& ordered) {
  std::vector<std::string> peers;
  for (const auto& one : ordered.said)
    if (std::holds_alternative<schemas::Refused>(one.message)) peers.push_back(one.peer);
  return peers;
}

// What the broker asks this worker about, at a heartbeat.
std::vector<int> asked_about(House& house, const std::string& peer) {
  house.dispatch.heard(peer, house.now);
  std::vector<int> numbers;
  for (const auto& one : house.orders().said)
    if (const auto* beat = std::get_if<schemas::Heartbeat>(&one.message))
      for (const Token& held : beat->held) numbers.push_back(number_of(held));
  return numbers;
}

TEST(Names, ASecondProcessOfALivingWorkersNameIsRefusedAndTakesNothing) {
  House house;
  (void)register_as(house, "a", "w", 901);
  (void)house.claimed({job(1)});
  const auto orders = register_as(house, "b", "w", 902);
  EXPECT_THAT(refused(orders), ElementsAre("b"));
  EXPECT_THAT(orders.given_back, IsEmpty());
  ASSERT_THAT(orders.said, SizeIs(2));
  EXPECT_EQ(orders.said[1].peer, "a") << "the holder is looked for";
  EXPECT_EQ(house.dispatch.in_flight(), 1U);
  EXPECT_THAT(house.done("a", {1}).said, IsEmpty()) << "it is still known";
}

TEST(Names, ANameIsFreeOnceItsHolderIsGoneOrSilent) {
  for (const bool is_gone : {true, false}) {
    House house;
    (void)register_as(house, "a", "w", 901);
    (void)house.claimed({job(1)});
    EXPECT_THAT(refused(register_as(house, "b", "w", 902)), ElementsAre("b"));
    if (is_gone) {
      house.dispatch.gone("a", house.now);
      (void)house.orders();
    } else {
      house.now += Rules().ttl_us + 1;
      (void)house.tick();
    }
    EXPECT_THAT(refused(register_as(house, "b", "w", 902)), IsEmpty());
    EXPECT_THAT(house.claimed({leased_again(job(1), 11)}).assigned["b"], ElementsAre(11));
    EXPECT_THAT(refused(register_as(house, "c", "w", 901)), ElementsAre("c")) << "the first one comes back";
  }
}

TEST(Names, TwoOfOneNameNeverParkWhatTheFirstRuns) {
  House house;
  (void)register_as(house, "a", "w", 901);
  (void)house.claimed({job(1)});
  for (int round = 0; round < 20; ++round) {
    const std::string peer = "b" + std::to_string(round);
    EXPECT_THAT(register_as(house, peer, "w", 902).given_back, IsEmpty());
    EXPECT_THAT(register_as(house, "a", "w", 901, {1}).given_back, IsEmpty());
  }
  EXPECT_EQ(house.dispatch.in_flight(), 1U);
}

TEST(Names, OneThatRegistersOverAFreshConnectionIsTakenAtOnceAndHasNotDied) {
  House house;
  (void)register_as(house, "a", "w", 901);
  (void)house.claimed({job(1), job(2)});
  const auto orders = register_as(house, "a2", "w", 901, {1});
  EXPECT_THAT(refused(orders), IsEmpty());
  ASSERT_THAT(orders.given_back, SizeIs(1));
  EXPECT_EQ(number_of(orders.given_back[0].token), 2);
  EXPECT_THAT(house.claimed({leased_again(job(2), 12), job(3)}).parcels, ElementsAre(testing::Pair("a2", 2)))
      << "together: nobody died of them";
}

TEST(Names, AConnectionThatIsGoneIsNoDeathOnceItsProcessSpeaksAgain) {
  House house;
  (void)register_as(house, "a0", "w", 901);
  for (int round = 1; round <= 20; ++round) {
    EXPECT_THAT(house.claimed({leased_again(job(1), round)}).all_assigned(), ElementsAre(round));
    house.dispatch.gone("a" + std::to_string(round - 1), house.now);
    const auto orders = house.orders();
    ASSERT_THAT(orders.given_back, SizeIs(1));
    EXPECT_FALSE(orders.given_back[0].park) << round;
    (void)register_as(house, "a" + std::to_string(round), "w", 901);
  }
  EXPECT_THAT(house.claimed({leased_again(job(1), 91), job(5)}).parcels, ElementsAre(testing::Pair("a20", 2)))
      << "not alone: nobody died of it";
}

TEST(Names, AJobThatKillsEachProcessOfANameIsStillParked) {
  House house;
  bool parked = false;
  for (int death = 1; death <= 6; ++death) {
    const std::string peer = "a" + std::to_string(death);
    EXPECT_THAT(refused(register_as(house, peer, "w", 900 + death)), IsEmpty());
    EXPECT_THAT(house.claimed({leased_again(job(1), death)}).all_assigned(), ElementsAre(death));
    EXPECT_THAT(refused(register_as(house, "next", "w", 950 + death)), ElementsAre("next")) << "until it is looked for";
    house.dispatch.gone(peer, house.now);
    for (const auto& failure : house.orders().given_back) parked = failure.park;
  }
  EXPECT_TRUE(parked);
}

TEST(Held, WhatAWorkerHasHadForTheTtlIsAskedAboutAndGivenBackWhereItDoesNotHoldIt) {
  House house;
  (void)register_as(house, "a", "w", 901);
  (void)house.claimed({job(1), job(2)});
  EXPECT_THAT(asked_about(house, "a"), IsEmpty()) << "it may not have read of them yet";
  house.now += Rules().ttl_us + 1;
  EXPECT_THAT(asked_about(house, "a"), ElementsAre(1, 2));
  EXPECT_THAT(asked_about(house, "a"), ElementsAre(1, 2)) << "as long as nothing is said of them";
  house.dispatch.handed_back("a", {{token(2)}}, house.now);  // its word of 2 was lost on the way
  const auto orders = house.orders();
  ASSERT_THAT(orders.given_back, SizeIs(1));
  EXPECT_EQ(number_of(orders.given_back[0].token), 2);
  EXPECT_FALSE(orders.given_back[0].counts_as_try);
  EXPECT_EQ(house.dispatch.in_flight(), 1U);
}

TEST(Held, ReRegistrationMakesNoLeaseYoung) {
  House house;
  (void)register_as(house, "a", "w", 901);
  (void)house.claimed({job(1)});
  for (int round = 0; round < 3; ++round) {
    house.now += Rules().ttl_us / 2;
    (void)register_as(house, "a" + std::to_string(round), "w", 901, {1});
  }
  EXPECT_THAT(asked_about(house, "a2"), ElementsAre(1));
}

TEST(Held, WhatWasTakenAtADeadlineIsAskedAboutTooSoThatTheHandIsFreeAgain) {
  Rules rules;
  rules.deadlines = {{{}, 100 * ms}};
  House house(rules);
  (void)register_as(house, "a", "w", 901);
  (void)house.claimed({job(1)});
  house.now += 101 * ms;
  EXPECT_THAT(house.tick().given_back, SizeIs(1));
  EXPECT_THAT(asked_about(house, "a"), ElementsAre(1));
  house.dispatch.handed_back("a", {{token(1)}}, house.now);
  (void)house.orders();
  EXPECT_THAT(asked_about(house, "a"), IsEmpty());
}

}  // namespace
}  // namespace brokers::dispatch
