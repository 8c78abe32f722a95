// tests/kill/venue_test.cpp: the venue dies before it got an order, after it stored one, and falls silent: an order is
// placed once, whatever becomes of the answer.
#include <gmock/gmock.h>
#include <signal.h>

#include "tests/kill/gate.hpp"
#include "tests/kill/undisturbed.hpp"
#include "tests/support/cluster.hpp"

namespace tests::kill {
namespace {

class KillVenue : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = no_cluster_because(); !reason.empty()) GTEST_SKIP() << reason;
    ASSERT_GT(undisturbed().transitions, 100);
  }

  // The venue stands still, and an order is journalled as sent.
  void send_to_a_stopped_venue(House& house) {
    house.start();
    ASSERT_TRUE(house.reach(20)) << house.logs();
    {
      Gate gate(house);
      ASSERT_TRUE(gate.catch_commit("place_order", "drafted")) << house.logs();
      ASSERT_TRUE(house.strike("venue", SIGSTOP));
    }
    ASSERT_TRUE(
        house.comes_true("SELECT EXISTS (SELECT FROM ledger.instance WHERE kind = 'order' AND state = 'sent')"));
  }
};

TEST_F(KillVenue, DiesBeforeItGotTheOrder) {
  House house(config_text());
  send_to_a_stopped_venue(house);
  ASSERT_TRUE(house.strike("venue", SIGKILL));
  expect_as_undisturbed(house);
}

TEST_F(KillVenue, WorkerDiesBeforeTheAnswer) {
  House house(config_text());
  send_to_a_stopped_venue(house);
  for (const char* worker : {"worker-1", "worker-2"}) ASSERT_TRUE(house.strike(worker, SIGKILL));
  ASSERT_TRUE(house.strike("venue", SIGCONT));
  expect_as_undisturbed(house);
}

TEST_F(KillVenue, DiesWithTheWorkerThatSentTheOrder) {
  House house(config_text());
  send_to_a_stopped_venue(house);
  for (const char* part : {"venue", "worker-1", "worker-2"}) ASSERT_TRUE(house.strike(part, SIGKILL));
  expect_as_undisturbed(house);
}

TEST_F(KillVenue, FallsSilentUntilTheOrderIsInDoubt) {
  House house(config_text());
  send_to_a_stopped_venue(house);
  ASSERT_TRUE(house.comes_true("SELECT EXISTS (SELECT FROM ledger.instance WHERE state = 'in_doubt')"));
  ASSERT_TRUE(house.strike("venue", SIGCONT));
  expect_as_undisturbed(house);
}

TEST_F(KillVenue, CrashesBeforeAndAfterItStoresAnOrder) {
  House house(
      config_text({"place:2:crash_before", "place:5:crash_after", "place:9:crash_before", "query:12:crash_after"}));
  house.start();
  expect_as_undisturbed(house);
}

TEST_F(KillVenue, LosesAnswersAndTimesOut) {
  House house(config_text({"place:3:lose_answer", "place:4:time_out", "query:2:time_out", "query:7:lose_answer"}));
  house.start();
  expect_as_undisturbed(house);
}

}  // namespace
}  // namespace tests::kill
