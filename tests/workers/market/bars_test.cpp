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
  const auto found = judge_bars(bars).rejections;
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].field, "open");
  EXPECT_EQ(found[0].reference, bars[0].close);
  EXPECT_TRUE(bars[0].close_sound);
  EXPECT_FALSE(bars[1].absurd());
}

TEST(JudgeBars, AJumpIsBarredAndALevelWhenTheNextBarGoesOnFromIt) {
  std::vector<Bar> bars{bar(0, 100, 100), bar(1, 100, 100), bar(2, 1'000, 1'050), bar(3, 1'040, 1'010),
                        bar(4, 1'010, 1'020)};
  const auto found = judge_bars(bars);
  EXPECT_TRUE(found.rejections.empty());
  ASSERT_EQ(found.levels.size(), 1U);
  EXPECT_EQ(found.levels[0], (LevelChange{bars[2].opens_at, bars[1].close, bars[2].close}));
  EXPECT_FALSE(bars[2].open_sound || bars[2].close_sound);
  EXPECT_FALSE(bars[3].absurd() || bars[4].absurd());
}

TEST(JudgeBars, ABarWhoseFourPricesAreAllWrongIsAbsurd) {
  std::vector<Bar> bars{bar(0, 2'000, 2'100), bar(1, 21'500, 21'800), bar(2, 2'150, 2'200)};
  const auto found = judge_bars(bars);
  EXPECT_TRUE(found.levels.empty());
  ASSERT_EQ(found.rejections.size(), 2U);
  EXPECT_EQ(found.rejections[0], (Rejection{bars[1].opens_at, "open", bars[1].open, bars[0].close}));
  EXPECT_FALSE(bars[1].open_sound || bars[1].close_sound);
  EXPECT_FALSE(bars[2].absurd());
}

TEST(JudgeBars, AFirstOrLastBarThatIsAllWrongIsAbsurdToo) {
  std::vector<Bar> bars{bar(0, 10, 11), bar(1, 100, 101), bar(2, 101, 102), bar(3, 1'000, 1'001)};
  EXPECT_EQ(judge_bars(bars).rejections.size(), 4U);
  EXPECT_TRUE(bars[0].absurd() && !bars[1].absurd() && !bars[2].absurd() && bars[3].absurd());
}

TEST(JudgeBars, AnAbsurdCloseIsNoReferenceForWhatFollows) {
  std::vector<Bar> bars{bar(0, 100, 101), bar(1, 100, 900), bar(2, 101, 900), bar(3, 100, 101)};
  EXPECT_EQ(judge_bars(bars).rejections.size(), 2U);
  EXPECT_FALSE(bars[1].close_sound);
  EXPECT_TRUE(bars[1].open_sound);
  EXPECT_FALSE(bars[2].close_sound);
  EXPECT_FALSE(bars[3].absurd());
}

TEST(JudgeBars, ExactlyHalfAwayIsSound) {
  std::vector<Bar> bars{bar(0, 100, 100), bar(1, 150, 100), bar(2, 151, 100), bar(3, 100, 50)};
  EXPECT_EQ(judge_bars(bars).rejections.size(), 1U);
  EXPECT_FALSE(bars[2].open_sound);
}

std::string soundness(const std::vector<Bar>& bars) {
  std::string text;
  for (const Bar& one : bars) text += one.absurd() ? 'x' : '.';
  return text;
}

TEST(JudgeBars, WrongRowsThatLeapBackWereNoNewLevel) {
  std::vector<Bar> bars{bar(0, 200, 210),     bar(1, 210, 215),     bar(2, 2'150, 2'180), bar(3, 2'180, 2'190),
                        bar(4, 2'190, 2'200), bar(5, 220, 222),     bar(6, 222, 223),     bar(7, 2'230, 2'240),
                        bar(8, 2'240, 2'250), bar(9, 2'250, 2'260), bar(10, 2'260, 2'270)};
  const auto found = judge_bars(bars);
  EXPECT_EQ(soundness(bars), "..xxx..x...") << "three wrong rows; then a level that stays";
  ASSERT_EQ(found.rejections.size(), 6U);
  EXPECT_EQ(found.rejections[4], (Rejection{bars[4].opens_at, "open", bars[4].open, bars[1].close}));
  ASSERT_EQ(found.levels.size(), 1U);
  EXPECT_EQ(found.levels[0].opens_at, bars[7].opens_at);
}

// What lasts longer, or moves there or back within a bar, may be a market's.
TEST(JudgeBars, ALevelThatIsLeftLaterOrInStepsWasOne) {
  std::vector<Bar> lasts{bar(0, 200, 210), bar(1, 210, 210)};
  for (int at = 2; at <= 8; ++at) lasts.push_back(bar(at, 2'100, 2'100));
  lasts.push_back(bar(9, 210, 210));
  lasts.push_back(bar(10, 210, 210));
  EXPECT_EQ(judge_bars(lasts).levels.size(), 2U);
  EXPECT_EQ(soundness(lasts), "..x......x.");
  std::vector<Bar> back_within_a_bar{bar(0, 200, 210), bar(1, 210, 210), bar(2, 2'100, 2'100), bar(3, 2'100, 210),
                                     bar(4, 210, 210)};
  judge_bars(back_within_a_bar);
  EXPECT_EQ(soundness(back_within_a_bar), "..xx.");
  EXPECT_TRUE(back_within_a_bar[3].open_sound);
  std::vector<Bar> crash_and_recovery{bar(0, 200, 210), bar(1, 210, 80), bar(2, 80, 70), bar(3, 70, 190),
                                      bar(4, 190, 190)};
  judge_bars(crash_and_recovery);
  EXPECT_EQ(soundness(crash_and_recovery), ".x.x.");
}

// No look-ahead: bars that are cut off may bar a number, and let none pass; what a bar is judged to be does not change
// with those that come after the leap back.
RC_GTEST_PROP(JudgeBars, WhatFollowsMayBarANumberAndLetsNonePass, ()) {
  const auto price = rc::gen::element(90, 100, 110, 120, 950, 1'000, 1'100, 30);
  const auto closes =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<std::pair<int, int>>>(rc::gen::pair(price, price)));
  std::vector<Bar> whole;
  for (const auto& [open, close] : closes) whole.push_back(bar(static_cast<int>(whole.size()), open, close));
  const auto keep = static_cast<std::ptrdiff_t>(
      *rc::gen::inRange<std::size_t>(std::min<std::size_t>(3, whole.size()), whole.size() + 1));
  std::vector<Bar> part(whole.begin(), whole.begin() + keep);
  judge_bars(whole);
  judge_bars(part);
  for (std::size_t at = 0; at < part.size(); ++at) {
    RC_ASSERT(part[at].open_sound || !whole[at].open_sound);
    RC_ASSERT(part[at].close_sound || !whole[at].close_sound);
    RC_ASSERT(part[at] == whole[at] || part.size() - at < most_wrong_rows);
  }
}

}  // namespace
}  // namespace workers::market
