// tests/deploy/replay/barriers/barrier_plan_test.cpp: which barrier follows which answer, to the end of the bars.
#include "deploy/replay/barriers/barrier_plan.hpp"

namespace deploy {
namespace {

using machines::Instant;
using Phase = BarrierPlan::Phase;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Instant never{INT64_MAX};

Instant open_of(std::int64_t bar) { return Instant{(bar + 100) * machines::hours(1).us}; }
Instant close_of(std::int64_t bar) { return machines::next_bar_close(open_of(bar)); }

std::vector<workers::market::Bar> bars(int count) {
  std::vector<workers::market::Bar> all;
  for (int at = 0; at < count; ++at) {
    workers::market::Bar bar{};
    bar.opens_at = open_of(at);
    bar.open_sound = bar.close_sound = true;
    all.push_back(bar);
  }
  return all;
}

// The vault and the sleeves have their coins, and nothing of it is due before `next_due`.
BarrierPlan begun(int count, Instant next_due = never, std::set<std::size_t> stops = {}) {
  BarrierPlan plan(bars(count), {0}, std::move(stops));
  EXPECT_TRUE(plan.released(plan.goal(), open_of(0) - machines::milliseconds(1)));
  EXPECT_TRUE(plan.released(plan.goal(), next_due));
  return plan;
}

TEST(BarrierPlan, GivesCoinsBeforeTheFirstBarOpens) {
  BarrierPlan plan(bars(1), {0});
  EXPECT_EQ(plan.phase(), Phase::fund);
  EXPECT_EQ(plan.goal(), open_of(0) - machines::milliseconds(2));
  ASSERT_TRUE(plan.released(plan.goal(), never));
  EXPECT_EQ(plan.phase(), Phase::allocate);
  EXPECT_EQ(plan.goal(), open_of(0) - machines::milliseconds(1));
}

TEST(BarrierPlan, LeavesOutAnOpenThatNobodyWaitsFor) {
  const BarrierPlan plan = begun(2);
  EXPECT_EQ(plan.phase(), Phase::close_release);
  EXPECT_EQ(plan.goal(), close_of(0));
}

TEST(BarrierPlan, TellsTheVenueAnOpenThatAnOrderWaitsFor) {
  BarrierPlan plan = begun(2, open_of(0));
  ASSERT_EQ(plan.phase(), Phase::open_venue);
  EXPECT_FALSE(plan.releases());
  EXPECT_FALSE(plan.released(never, never)) << "the venue has not said that it took it";
  plan.venue_took_open();
  EXPECT_EQ(plan.phase(), Phase::open_release);
  EXPECT_EQ(plan.goal(), open_of(0));
  ASSERT_TRUE(plan.released(open_of(0), never));
  EXPECT_EQ(plan.phase(), Phase::close_release);
}

TEST(BarrierPlan, TellsNoVenueAnUnsoundOpen) {
  auto some = bars(1);
  some[0].open_sound = false;
  BarrierPlan plan(some, {0});
  ASSERT_TRUE(plan.released(plan.goal(), open_of(0)));
  ASSERT_TRUE(plan.released(plan.goal(), open_of(0)));
  EXPECT_EQ(plan.phase(), Phase::open_release);
}

TEST(BarrierPlan, StopsBetweenWhereverSomethingIsDueWithinTheBar) {
  BarrierPlan plan = begun(1, open_of(0) + machines::milliseconds(5));
  ASSERT_EQ(plan.phase(), Phase::between);
  EXPECT_EQ(plan.goal(), open_of(0) + machines::milliseconds(5));
  EXPECT_THAT(plan.ahead(), IsEmpty());
  ASSERT_TRUE(plan.released(plan.goal(), open_of(0) + machines::milliseconds(9)));
  EXPECT_EQ(plan.goal(), open_of(0) + machines::milliseconds(9));
  ASSERT_TRUE(plan.released(plan.goal(), close_of(0)));
  EXPECT_EQ(plan.phase(), Phase::close_release);
}

TEST(BarrierPlan, TakesNoAnswerToAnEarlierQuestion) {
  BarrierPlan plan = begun(2);
  EXPECT_FALSE(plan.released(close_of(0) - machines::Duration{1}, never));
  EXPECT_EQ(plan.goal(), close_of(0));
  EXPECT_EQ(plan.bar(), 0U);
}

TEST(BarrierPlan, MovesOnByAllClosesThatHavePassed) {
  BarrierPlan plan = begun(5);
  ASSERT_THAT(plan.ahead(), SizeIs(4));
  EXPECT_EQ(plan.ahead()[0].world_at, close_of(1));
  ASSERT_TRUE(plan.released(close_of(2), never));
  EXPECT_EQ(plan.bar(), 3U);
  EXPECT_EQ(plan.goal(), close_of(3));
}

TEST(BarrierPlan, LetsWorldTimeRunOverAFewBarsAlone) { EXPECT_THAT(begun(500).ahead(), SizeIs(63)); }

TEST(BarrierPlan, LetsPeopleActBehindAStopAndGoesOn) {
  BarrierPlan plan = begun(4, never, {1});
  ASSERT_THAT(plan.ahead(), SizeIs(1)) << "never past the stop";
  ASSERT_TRUE(plan.released(close_of(1), never));
  ASSERT_EQ(plan.phase(), Phase::act);
  EXPECT_FALSE(plan.is_last());
  EXPECT_EQ(plan.goal(), close_of(1));
  plan.acted();
  EXPECT_EQ(plan.phase(), Phase::cancel);
  plan.all_cancelled();
  EXPECT_EQ(plan.goal(), close_of(1) + machines::Duration{1}) << "no late answer about the close is this one's";
  ASSERT_TRUE(plan.released(plan.goal(), open_of(2)));
  EXPECT_EQ(plan.phase(), Phase::open_venue);
  EXPECT_EQ(plan.bar(), 2U);
}

TEST(BarrierPlan, ActsOnceMoreWhereTheStopIsTheLastBar) {
  BarrierPlan plan = begun(1, never, {0});
  ASSERT_TRUE(plan.released(close_of(0), never));
  EXPECT_FALSE(plan.is_last());
  plan.acted();
  plan.all_cancelled();
  ASSERT_TRUE(plan.released(plan.goal(), never));
  ASSERT_EQ(plan.phase(), Phase::act);
  EXPECT_TRUE(plan.is_last());
  plan.acted();
  plan.all_cancelled();
  EXPECT_EQ(plan.goal(), close_of(0) + machines::Duration{2});
}

TEST(BarrierPlan, EndsWhenNothingRestsBehindTheLastBar) {
  BarrierPlan plan = begun(1);
  ASSERT_TRUE(plan.released(close_of(0), never));
  ASSERT_EQ(plan.phase(), Phase::act);
  EXPECT_TRUE(plan.is_last());
  plan.acted();
  plan.all_cancelled();
  ASSERT_TRUE(plan.released(plan.goal(), never));
  ASSERT_EQ(plan.phase(), Phase::look_again);
  plan.found(true);  // placed meanwhile
  EXPECT_EQ(plan.phase(), Phase::cancel);
  plan.all_cancelled();
  ASSERT_TRUE(plan.released(plan.goal(), never));
  plan.found(false);
  EXPECT_TRUE(plan.is_done());
  EXPECT_FALSE(plan.released(never, never));
}

TEST(BarrierPlan, ReleasesAgainAfterARestartWhatHadBeenReleased) {
  BarrierPlan plan(bars(3), open_of(1));
  EXPECT_EQ(plan.bar(), 2U);
  ASSERT_TRUE(plan.released(plan.goal(), close_of(1)));
  EXPECT_EQ(plan.goal(), close_of(1));
  ASSERT_TRUE(plan.released(plan.goal(), never));
  EXPECT_EQ(plan.goal(), close_of(2));
}

TEST(BarrierPlan, EndsAtOnceWhereAllBarsHaveBeenPlayed) {
  BarrierPlan plan(bars(2), open_of(1));
  ASSERT_TRUE(plan.released(plan.goal(), never));
  ASSERT_TRUE(plan.released(plan.goal(), never));
  EXPECT_EQ(plan.phase(), Phase::act);
  EXPECT_TRUE(plan.is_last());
}

}  // namespace
}  // namespace deploy
