// What a worker of ours would never say: two names on one connection, leases made up by the thousand.
#include <gmock/gmock.h>

#include "tests/brokers/dispatch/house.hpp"

namespace brokers::dispatch {
namespace {

using namespace tests;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Hostile, ASecondNameOnOneConnectionGivesBackWhatTheFirstOneHeld) {
  House house;
  house.join("w1");
  (void)house.claimed({job(1), job(2)});
  EXPECT_EQ(house.dispatch.in_flight(), 2U);
  house.ready("w1", "somebody else");
  const auto orders = house.orders();
  EXPECT_THAT(orders.given_back, SizeIs(2));
  EXPECT_EQ(house.dispatch.in_flight(), 0U) << "nothing flies with nobody";
  EXPECT_THAT(house.dispatch.view(house.now).workers, SizeIs(1));
}

TEST(Hostile, ASecondNameOnOneConnectionGetsNoMoreThanItsCredit) {
  House house;
  house.join("w1", 1, 0);
  (void)house.claimed({job(1)});
  house.ready("w1", "somebody else", {1}, 1, 0);
  (void)house.orders();
  EXPECT_THAT(house.claimed({job(2), job(3)}).all_assigned(), IsEmpty()) << "its hands are full";
  EXPECT_THAT(house.done("w1", {1}).all_assigned(), SizeIs(1));
}

TEST(Hostile, LeasesThatAWorkerMakesUpAreBounded) {
  House house;
  house.join("w1");
  for (int i = 0; i < 20; ++i)
    (void)house.done("w1", {}, schemas::DoneKind::done, jobs(i * 1'000 + 1, i * 1'000 + 1'000));
  EXPECT_EQ(house.dispatch.in_flight(), 10'000U);
  (void)house.goodbye("w1", {});
  EXPECT_EQ(house.dispatch.in_flight(), 0U);
}

TEST(Hostile, TheLargestCreditsOfManyAreStillANumber) {
  House house;
  for (int i = 0; i < 1'000; ++i) house.ready("w" + std::to_string(i), "w" + std::to_string(i), {}, 100'000, 100'000);
  (void)house.orders();
  EXPECT_THAT(house.claimed(jobs(1, 100)).all_assigned(), SizeIs(100));
}

}  // namespace
}  // namespace brokers::dispatch
