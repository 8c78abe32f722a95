#include "deploy/report/figures.hpp"

#include <gmock/gmock.h>

#include "tests/deploy/report/sample.hpp"

namespace deploy::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Figures, ASeriesStandsUntilItsNextPoint) {
  const std::vector<machines::Instant> times{tests::hour(0), tests::hour(1), tests::hour(2), tests::hour(3)};
  EXPECT_THAT(carried(
                  {
                      {tests::hour(1), 200},
                      {tests::hour(3), 100}
  },
                  times, 9, 2),
              ElementsAre(9, 2, 2, 1));
}

TEST(Figures, ReturningProfitIsNoFall) {
  const ReportData data = tests::small_run();
  const Figures figures = figures_of(data);
  EXPECT_THAT(figures.sleeves[1], ElementsAre(5'000, 5'150, 5'150, 4'950, 4'950));
  EXPECT_NEAR(figures.sleeve_outcomes[1].deepest_percent, -100 * 200.0 / 5'150, 1e-9);
  EXPECT_NEAR(figures.sleeve_outcomes[1].gain(), -50, 1e-9);
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

TEST(Figures, MoneyBeyondSixtyFourBitsKeepsItsSize) { EXPECT_NEAR(units(machines::power_of_ten(30), 18), 1e12, 1); }

}  // namespace
}  // namespace deploy::report
