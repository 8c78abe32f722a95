// tests/deploy/replay/barriers/barrier_test.cpp: when several brokers' answers are one.
#include "deploy/replay/barriers/barrier.hpp"

#include <gtest/gtest.h>

namespace deploy {
namespace {

using Shards = std::vector<int>;

schemas::Released said(std::int64_t world, Shards shards, Shards live, std::int64_t next_due = INT64_MAX) {
  schemas::Released made{{world}, false, {}, "", {next_due}};
  made.shards = std::move(shards);
  made.live = std::move(live);
  return made;
}

TEST(Barrier, OneThatServesAllSpeaksForAll) {
  Barrier barrier;
  const auto passed = barrier.take("a", said(10, {1, 2}, {1, 2}, 30));
  ASSERT_TRUE(passed);
  EXPECT_EQ(passed->world_at.us, 10);
  EXPECT_EQ(passed->next_due.us, 30);
}

TEST(Barrier, PassesOnlyOnceEveryShardIsCovered) {
  Barrier barrier;
  EXPECT_FALSE(barrier.take("a", said(10, {1}, {1, 2}, 50)));
  EXPECT_FALSE(barrier.is_incomplete(2)) << "b may still say something";
  const auto passed = barrier.take("b", said(10, {2}, {1, 2}, 40));
  ASSERT_TRUE(passed);
  EXPECT_EQ(passed->next_due.us, 40) << "the earliest of all";
}

TEST(Barrier, OneThatServesNobodyHoldsNothingBack) {
  Barrier barrier;
  EXPECT_FALSE(barrier.take("spare", said(10, {}, {1}, INT64_MAX)));
  const auto passed = barrier.take("a", said(64, {1}, {1}, 70));
  ASSERT_TRUE(passed);
  EXPECT_EQ(passed->world_at.us, 64) << "its own time does not count";
}

TEST(Barrier, TheLeastTimeThatAllHavePassedCounts) {
  Barrier barrier;
  EXPECT_FALSE(barrier.take("a", said(64, {1}, {1, 2})));
  EXPECT_EQ(barrier.take("b", said(10, {2}, {1, 2}))->world_at.us, 10);
}

TEST(Barrier, AShardThatWasChangingHandsIsMissed) {
  Barrier barrier;
  EXPECT_FALSE(barrier.take("a", said(10, {1}, {1, 2})));
  EXPECT_FALSE(barrier.take("b", said(10, {}, {1, 2})));
  EXPECT_TRUE(barrier.is_incomplete(2));
  EXPECT_TRUE(barrier.take("b", said(10, {2}, {1, 2}))) << "it has it now";
}

TEST(Barrier, AnOwnerThatOneOfThemKnowsIsWaitedFor) {
  Barrier barrier;
  EXPECT_FALSE(barrier.take("b", said(10, {}, {1, 2})));
  EXPECT_FALSE(barrier.take("a", said(10, {1}, {1})));
}

TEST(Barrier, AParkedJobStopsAllAtOnce) {
  Barrier barrier;
  auto stalled = said(10, {1}, {1, 2});
  stalled.stalled = true;
  stalled.reason = "why";
  EXPECT_EQ(barrier.take("a", stalled)->reason, "why");
}

}  // namespace
}  // namespace deploy
