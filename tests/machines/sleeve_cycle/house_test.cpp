// tests/machines/sleeve_cycle/house_test.cpp: over any prices and any luck at the venue, no coin is lost: quiet keeps
// all of it, flash returns all profit and carries its losses.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "tests/machines/house.hpp"

namespace {

namespace cycle = machines::sleeve_cycle;
using machines::Int128;
using machines::Price;
using machines::SleeveKind;
using tests::House;

constexpr Int128 thousand = 100'000'000'000;

// The quote account is what it began with, what was earned since, less what was returned and what is invested.
void check_the_books(const House& house) {
  if (!house.broken().empty()) RC_FAIL(house.broken());
  Int128 realized = 0;
  Int128 fees = house.data().fees.minor();
  for (const auto& closed : house.closed()) {
    realized += closed.realized.minor();
    fees += closed.fees.minor();
  }
  if (house.has_order()) return;
  const auto accounts = tests::sleeve_accounts();
  RC_ASSERT(house.book().open_holds() == 0U);
  RC_ASSERT(house.book().balance(accounts.suspense_quote) == 0);
  RC_ASSERT(house.book().balance(accounts.suspense_base) == 0);
  RC_ASSERT(house.book().balance(accounts.fees_quote) == fees);
  const Int128 invested = house.data().cost.minor() - house.data().proceeds.minor();
  RC_ASSERT(house.quote() == thousand + realized - house.returned() - invested);
}

// Moves of up to 3 % an hour, and now and then an hour of the rules' own making.
Price next_price(Price last) {
  const auto moves = rc::gen::oneOf(rc::gen::inRange<std::int64_t>(-30'000, 30'001),
                                    rc::gen::element<std::int64_t>(12'500, 20'000, -16'000, -2'000, 1'000));
  const std::int64_t ppm = *moves;
  return {std::max<std::int64_t>(100'000'000, last.e8 + last.e8 / 1'000'000 * ppm)};
}

void one_hour(House& house, Price& last) {
  if (house.has_order()) {
    const auto luck = *rc::gen::inRange(0, 10);
    const Price open = next_price(last);
    if (luck == 0)
      house.reject();
    else if (luck <= 2)
      house.answer(open, *rc::gen::inRange<std::int64_t>(0, 1'000'000), *rc::gen::inRange(1, 4));
    else if (luck == 3)
      house.answer(open, *rc::gen::inRange<std::int64_t>(0, 10'000), 1);  // hardly anything: dust
    else
      house.answer(open, 1'000'000, *rc::gen::inRange(1, 4));
  }
  last = next_price(last);
  const bool missing = *rc::gen::inRange(0, 20) == 0;
  house.close_next(missing ? std::nullopt : std::optional(last));
}

void check_every_hour(SleeveKind kind, int hours) {
  House house(kind, thousand);
  Price last{20'000'000'000};
  std::size_t cycles = 0;
  Int128 before = house.quote();
  Int128 returned = 0;
  for (int hour = 0; hour < hours; ++hour) {
    one_hour(house, last);
    check_the_books(house);
    if (house.closed().size() != cycles && kind == SleeveKind::flash && house.state() == cycle::watching) {
      RC_ASSERT(house.quote() <= thousand);
      RC_ASSERT(house.returned() == returned || house.quote() == thousand);
    }
    cycles = house.closed().size();
    RC_ASSERT(house.returned() >= returned);
    returned = house.returned();
    before = house.quote();
  }
  RC_ASSERT(kind == SleeveKind::flash || returned == 0);
  RC_ASSERT(before == house.quote());
  RC_CLASSIFY(cycles > 0, "closed at least once");
  RC_CLASSIFY(returned > 0, "returned something");
}

RC_GTEST_PROP(HouseProperty, Inv3FlashReturnsAllProfitAndLosesNoCoin, ()) { check_every_hour(SleeveKind::flash, 240); }
RC_GTEST_PROP(HouseProperty, Inv4QuietKeepsAllAndLosesNoCoin, ()) { check_every_hour(SleeveKind::quiet, 240); }

// Buys at `in`, then sells at `out`, which the rules are made to want. Hours without a bar part it from what was
// before.
void trade(House& house, Price in, Price out) {
  const Price before{in.e8 / 1'000'000 * 980'000};
  for (int hour = 0; hour < 5; ++hour) house.close_next(std::nullopt);
  for (int hour = 0; hour < 4; ++hour) house.close_next(before);
  house.close_next(in);
  ASSERT_TRUE(house.has_order());
  house.answer(in, 1'000'000, 1);
  ASSERT_EQ(house.state(), cycle::holding);
  if (out > in) {
    house.close_next(Price{out.e8 / 1'000'000 * 1'002'000});
    ASSERT_FALSE(house.has_order()) << "at the high";
  }
  house.close_next(out);
  ASSERT_TRUE(house.has_order());
  house.answer(out, 1'000'000, 1);
  ASSERT_EQ(house.state(), cycle::watching);
  ASSERT_EQ(house.broken(), "");
}

TEST(House, Inv3FlashCarriesALossUntilItIsRegained) {
  House house(SleeveKind::flash, thousand);
  trade(house, {10'000'000'000}, {9'500'000'000});
  const Int128 after_loss = house.quote();
  EXPECT_LT(after_loss, thousand);
  EXPECT_EQ(house.returned(), 0);
  trade(house, {10'000'000'000}, {10'300'000'000});
  EXPECT_GT(house.quote(), after_loss) << "part of the loss regained";
  EXPECT_LT(house.quote(), thousand);
  EXPECT_EQ(house.returned(), 0);
  trade(house, {10'000'000'000}, {11'000'000'000});
  EXPECT_EQ(house.quote(), thousand);
  const Int128 gain = house.returned();
  EXPECT_GT(gain, 0);
  Int128 realized = 0;
  for (const auto& closed : house.closed()) realized += closed.realized.minor();
  EXPECT_EQ(realized, gain);
  trade(house, {10'000'000'000}, {11'000'000'000});
  EXPECT_EQ(house.quote(), thousand);
  EXPECT_EQ(house.returned() - gain, house.closed().back().realized.minor());
}

TEST(House, Inv3QuietTradesWithWhatItHasEarned) {
  House house(SleeveKind::quiet, thousand);
  trade(house, {10'000'000'000}, {11'000'000'000});
  const Int128 first = house.closed().back().realized.minor();
  trade(house, {10'000'000'000}, {11'000'000'000});
  EXPECT_GT(house.closed().back().realized.minor(), first);
  EXPECT_EQ(house.returned(), 0);
}

}  // namespace
