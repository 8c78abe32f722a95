// tests/kill/venue_test.cpp: the venue dies before it got an order, after it stored one, and falls silent: an order is
// placed once, whatever becomes of the answer, and however the venue treats ids and deadlines.
#include <gmock/gmock.h>
#include <signal.h>

#include "tests/kill/gate.hpp"
#include "tests/kill/undisturbed.hpp"
#include "tests/support/cluster.hpp"

namespace tests::kill {
namespace {

class KillVenue : public testing::TestWithParam<Rules> {
 protected:
  void SetUp() override {
    if (const auto reason = no_cluster_because(); !reason.empty()) GTEST_SKIP() << reason;
    ASSERT_GT(undisturbed().transitions, 100);
  }

  static std::string config(const std::vector<std::string>& faults) {
    return config_text(faults, 1, few_bars, GetParam());
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

TEST_P(KillVenue, DiesBeforeItGotTheOrder) {
  House house(config({}));
  send_to_a_stopped_venue(house);
  ASSERT_TRUE(house.strike("venue", SIGKILL));
  expect_as_undisturbed(house);
}

TEST_P(KillVenue, WorkerDiesBeforeTheAnswer) {
  House house(config({}));
  send_to_a_stopped_venue(house);
  for (const char* worker : {"worker-1", "worker-2"}) ASSERT_TRUE(house.strike(worker, SIGKILL));
  ASSERT_TRUE(house.strike("venue", SIGCONT));
  expect_as_undisturbed(house);
}

TEST_P(KillVenue, DiesWithTheWorkerThatSentTheOrder) {
  House house(config({}));
  send_to_a_stopped_venue(house);
  for (const char* part : {"venue", "worker-1", "worker-2"}) ASSERT_TRUE(house.strike(part, SIGKILL));
  expect_as_undisturbed(house);
}

TEST_P(KillVenue, FallsSilentUntilTheOrderIsInDoubt) {
  House house(config({}));
  send_to_a_stopped_venue(house);
  ASSERT_TRUE(house.comes_true("SELECT EXISTS (SELECT FROM ledger.instance WHERE state = 'in_doubt')"));
  ASSERT_TRUE(house.strike("venue", SIGCONT));
  expect_as_undisturbed(house);
}

// The venue's silence ends before the order's request is over, or the venue dies with it.
void stop_and_go_on(House& house, int venue_gets, const std::vector<std::string>& stop,
                    const std::vector<std::string>& go_on) {
  EXPECT_EQ(house.order(stop), "");
  ASSERT_TRUE(house.strike("venue", venue_gets));
  ASSERT_TRUE(house.comes_true(
      "SELECT NOT EXISTS (SELECT FROM ledger.instance WHERE kind = 'order' AND state IN ('sent', 'in_doubt'))"))
      << house.logs();
  EXPECT_EQ(house.order(go_on), "");
}

TEST_P(KillVenue, APauseComesWhileAnOrderIsOnItsWay) {
  for (const int venue_gets : {SIGCONT, SIGKILL}) {
    House house(config({}));
    send_to_a_stopped_venue(house);
    stop_and_go_on(house, venue_gets, {"pause", "all", "--why", "test"}, {"resume", "all", "--why", "test"});
    expect_sound(house);
  }
}

TEST_P(KillVenue, AFreezeComesWhileAnOrderIsOnItsWay) {
  for (const int venue_gets : {SIGCONT, SIGKILL}) {
    House house(config({}));
    send_to_a_stopped_venue(house);
    stop_and_go_on(house, venue_gets, {"freeze", "--level", "all", "--why", "test"}, {"unfreeze", "--why", "test"});
    expect_sound(house);
  }
}

TEST_P(KillVenue, CrashesBeforeAndAfterItStoresAnOrder) {
  House house(config({"place:2:crash_before", "place:5:crash_after", "place:9:crash_before", "query:12:crash_after"}));
  house.start();
  expect_as_undisturbed(house);
}

TEST_P(KillVenue, LosesAnswersAndTimesOut) {
  House house(config({"place:3:lose_answer", "place:4:time_out", "query:2:time_out", "query:7:lose_answer"}));
  house.start();
  expect_as_undisturbed(house);
}

INSTANTIATE_TEST_SUITE_P(Venue, KillVenue, testing::Values(Rules::as_it_is, Rules::as_real_ones),
                         [](const auto& one) { return one.param == Rules::as_it_is ? "AsItIs" : "AsRealOnesAre"; });

}  // namespace
}  // namespace tests::kill
