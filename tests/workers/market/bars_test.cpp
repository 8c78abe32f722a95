#include "workers/market/bars.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace workers::market {
namespace {

Bar bar(int at, std::int64_t open, std::int64_t close) {
  const auto e8 = [](std::int64_t price) { return machines::Price{price * 100'000'000}; };
  return {machines::Instant{} + machines::hours(at), e8(open), e8(std::max(open, close)), e8(std::min(open, close)),
          e8(close)};
}

TEST(JudgeBars, AnAbsurdFirstOpenIsHeldAgainstItsOwnClose) {
  std::vector<Bar> bars{bar(0, 652, 300), bar(1, 301, 303)};
  const auto found = judge_bars(bars);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].field, "open");
  EXPECT_EQ(found[0].reference, bars[0].close);
  EXPECT_TRUE(bars[0].close_sound);
  EXPECT_FALSE(bars[1].absurd());
}

TEST(JudgeBars, ARealJumpIsSoundBecauseItsOtherEndAgrees) {
  std::vector<Bar> bars{bar(0, 100, 100), bar(1, 200, 210), bar(2, 60, 61), bar(3, 61, 90)};
  EXPECT_TRUE(judge_bars(bars).empty());
}

TEST(JudgeBars, AnAbsurdCloseIsNoReferenceForWhatFollows) {
  std::vector<Bar> bars{bar(0, 100, 101), bar(1, 100, 900), bar(2, 101, 900), bar(3, 100, 101)};
  EXPECT_EQ(judge_bars(bars).size(), 2U);
  EXPECT_FALSE(bars[1].close_sound);
  EXPECT_TRUE(bars[1].open_sound);
  EXPECT_FALSE(bars[2].close_sound);
  EXPECT_FALSE(bars[3].absurd());
}

TEST(JudgeBars, ExactlyHalfAwayIsSound) {
  std::vector<Bar> bars{bar(0, 100, 100), bar(1, 150, 100), bar(2, 151, 100), bar(3, 100, 50)};
  EXPECT_EQ(judge_bars(bars).size(), 1U);
  EXPECT_FALSE(bars[2].open_sound);
}

// No look-ahead: what a bar is judged to be does not change when later bars are cut off.
RC_GTEST_PROP(JudgeBars, JudgesFromBarsUpToItsOwn, ()) {
  const auto closes = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(50, 400), rc::gen::inRange(50, 400))));
  std::vector<Bar> whole;
  for (const auto& [open, close] : closes) whole.push_back(bar(static_cast<int>(whole.size()), open, close));
  const auto keep = static_cast<std::ptrdiff_t>(*rc::gen::inRange<std::size_t>(1, whole.size() + 1));
  std::vector<Bar> part(whole.begin(), whole.begin() + keep);
  judge_bars(whole);
  judge_bars(part);
  RC_ASSERT(std::equal(part.begin(), part.end(), whole.begin()));
}

}  // namespace
}  // namespace workers::market
