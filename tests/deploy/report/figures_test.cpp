#include "deploy/report/figures.hpp"

#include <gmock/gmock.h>

#include "tests/deploy/report/sample.hpp"

namespace deploy::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Figures, ASeriesStandsUntilItsNextPoint) {
  const std::vector<machines::Instant> times{tests::hour(0), tests::hour(1), tests::hour(2), tests::hour(3)};
  EXPECT_THAT(carried({{tests::hour(1), 200}, {tests::hour(3), 100}}, times, 9, 2), ElementsAre(9, 2, 2, 1));
}

TEST(Figures, ReturningProfitIsNoFall) {
  const ReportData data = tests::small_run();
  const Figures figures = figures_of(data);
  EXPECT_THAT(figures.sleeves[1], ElementsAre(5'000, 5'150, 5'150, 4'950, 4'950));
  EXPECT_NEAR(figures.sleeve_outcomes[1].deepest_percent, -100 * 200.0 / 5'150, 1e-9);
  EXPECT_NEAR(figures.sleeve_outcomes[1].gain(), -50, 1e-9);
}

// As small_run(), but quiet is given 500 in the second hour and flash gives 1,000 back in the third.
ReportData moved_run() {
  ReportData data = tests::small_run();
  Sleeve& quiet = data.sleeves[0];
  quiet.moved = {{tests::hour(2), tests::usdt(500)}};
  for (Point& point : quiet.equity)
    if (point.at >= tests::hour(2)) point.minor += tests::usdt(500);
  Sleeve& flash = data.sleeves[1];
  flash.moved = {{tests::hour(3), tests::usdt(-1'000)}};
  flash.equity.back().minor -= tests::usdt(1'000);
  return data;
}

TEST(Figures, CoinsMovedInOrOutAreNeitherGainNorLoss) {
  const Figures still = figures_of(tests::small_run());
  const Figures moved = figures_of(moved_run());
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_NEAR(moved.sleeve_outcomes[i].gain(), still.sleeve_outcomes[i].gain(), 1e-9);
  EXPECT_EQ(result_of(moved_run().sleeves[0]), tests::usdt(-1'000));
  EXPECT_NEAR(moved.all.gain(), still.all.gain(), 1e-9);
  EXPECT_NEAR(moved.all.moved_in, 350, 1e-9) << "150 of it flash had returned";
  EXPECT_NEAR(moved.all.moved_out, 1'000, 1e-9);
  // 10,000 to 11,000; with 500 more 11,500 to 9,300; to 9,500.
  EXPECT_NEAR(moved.sleeve_outcomes[0].gain_percent(), 100 * (1.1 * 9'300 / 11'500 * 9'500 / 9'300 - 1), 1e-9);
  EXPECT_NEAR(moved.sleeve_outcomes[0].deepest_percent, 100 * (9'300.0 / 11'500 - 1), 1e-9) << "the gift hides no fall";
  // 5,000 to 5,150, of which 150 were returned; 4,950 before 1,000 went.
  EXPECT_NEAR(moved.sleeve_outcomes[1].gain_percent(), -1, 1e-9);
  EXPECT_NEAR(moved.sleeve_outcomes[1].deepest_percent, -100 * 200.0 / 5'150, 1e-9) << "what was taken is no fall";
  EXPECT_THAT(verdict(moved_run(), moved), HasSubstr("15,000.00 USDT became 13,300.00, with 350.00 given and "
                                                     "1,000.00 taken back meanwhile. Buying"));
}

TEST(Figures, ReturnedProfitThatAnotherSleeveIsGivenCountsOnce) {
  ReportData data = tests::small_run();
  data.sleeves[0].moved = {{tests::hour(3), tests::usdt(150)}};
  data.sleeves[0].equity.back().minor += tests::usdt(150);
  const Figures figures = figures_of(data);
  EXPECT_NEAR(figures.all.gain(), figures_of(tests::small_run()).all.gain(), 1e-9);
  EXPECT_NEAR(figures.all.end, 13'950, 1e-9);
  EXPECT_NEAR(figures.all.moved_in, 0, 1e-9) << "it was there";
}

TEST(Figures, ASleeveThatIsGivenItsFirstCoinsLaterBeginsThen) {
  ReportData data = tests::small_run();
  Sleeve& late = data.sleeves[0];
  late.started_with = 0;
  late.equity = {{tests::hour(0), 0}, {tests::hour(2), tests::usdt(1'000)}, {tests::hour(3), tests::usdt(1'100)}};
  late.moved = {{tests::hour(2), tests::usdt(1'000)}};
  const Outcome outcome = figures_of(data).sleeve_outcomes[0];
  EXPECT_NEAR(outcome.gain(), 100, 1e-9);
  EXPECT_NEAR(outcome.gain_percent(), 10, 1e-9);
  EXPECT_NEAR(outcome.deepest_percent, 0, 1e-9);
}

TEST(Figures, FeesThatOtherCoinsPaidAreALoss) {
  ReportData data = tests::small_run();
  data.sleeves[0].coin_fees = {{tests::hour(1), tests::usdt(300)}, {tests::hour(2), tests::usdt(900)}};
  EXPECT_NEAR(figures_of(data).sleeve_outcomes[0].gain(), -1'900, 1e-9);
  EXPECT_NEAR(figures_of(data).all.gain_percent(), -13, 1e-9);
}

TEST(Figures, DrawdownIsMeasuredFromTheHighestSoFar) {
  EXPECT_THAT(drawdown_percent({100, 80, 120, 60, 120}), ElementsAre(0, -20, 0, -50, 0));
}

TEST(Figures, TheVerdictSaysWhatWasLostBesideTheBaselines) {
  const ReportData data = tests::small_run();
  EXPECT_EQ(verdict(data, figures_of(data)),
            "Lost 7.0 % after fees: 15,000.00 USDT became 13,950.00. Buying and holding would have gained 100.0 %, "
            "cash "
            "0.0 %.");
}

TEST(Figures, OnlyFlawsThatOccurAreNamed) {
  const auto found = flaws(tests::small_run());
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[1].what, "hours missing in 1 gap");
  EXPECT_THAT(found[2].what, HasSubstr("open 652.74 at 2024-01-01 00:00, beside 300.79"));
}

TEST(Figures, OneOfAKindIsSingular) {
  ReportData data = tests::small_run();
  auto& import = data.import;
  import.missing = import.gaps = import.duplicates = import.out_of_order = import.outside_range = import.rounded = 1;
  import.level_changes = 1;
  import.levels = {{ tests::hour(2), tests::price(2'154), tests::price(21'540) }};
  std::string said;
  for (const Flaw& flaw : flaws(data)) said += std::to_string(flaw.count) + " " + flaw.what + "\n";
  EXPECT_EQ(said,
            "1 row of an hour that stood before\n1 hour missing in 1 gap\n1 absurd bar: open 652.74 at 2024-01-01 "
            "00:00, beside 300.79\n1 jump to a new level: 2,154.00 to 21,540.00 at 2024-01-01 02:00\n1 row out of the "
            "file's order\n1 bar with open or close outside low to high\n1 price with more than 8 decimals\n");
}

TEST(Figures, DatesInMoreThanOneStyleAreAFlaw) {
  ReportData data = tests::small_run();
  data.import.iso_dates = 7;
  EXPECT_EQ(flaws(data).size(), 3U);
  data.import.twelve_hour_dates = 2;
  data.import.other_dates = 1;
  const auto found = flaws(data);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[3].count, 3);
  EXPECT_EQ(found[3].what, "dates in another style: 20:00:00 7, 08-PM 2, other 1");
}

TEST(Figures, NumbersAreGroupedAndNegativeZeroIsZero) {
  EXPECT_EQ(grouped(33'413), "33,413");
  EXPECT_EQ(grouped(-1'000), "-1,000");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(money(-1'234'567.891), "-1,234,567.89");
  EXPECT_EQ(money(0), "0.00");
  EXPECT_EQ(money(0.01234), "0.0123");
  EXPECT_EQ(signed_percent(-0.04), "0.0 %");
  EXPECT_EQ(signed_percent(12.34), "+12.3 %");
  EXPECT_EQ(date_time({1'502'942'400'000'000}), "2017-08-17 04:00");
}

TEST(Figures, OneIsNotSeveral) {
  EXPECT_EQ(counted(1, "sleeve"), "1 sleeve");
  EXPECT_EQ(counted(0, "job"), "0 jobs");
  EXPECT_EQ(counted(1'234, "bar"), "1,234 bars");
}

TEST(Figures, MoneyBeyondSixtyFourBitsKeepsItsSize) { EXPECT_NEAR(units(machines::power_of_ten(30), 18), 1e12, 1); }

}  // namespace
}  // namespace deploy::report
