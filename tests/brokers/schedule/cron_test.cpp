// When schedules fire: the fields of cron, changes of the clock, and times that passed unseen.
#include "brokers/schedule/cron.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace brokers::schedule {
namespace {

using machines::Instant;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t second = 1'000'000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;

// UTC, to the minute.
Instant at(int year, int month, int of_month, int hours = 0, int minutes = 0) {
  std::tm time{};
  time.tm_year = year - 1900;
  time.tm_mon = month - 1;
  time.tm_mday = of_month;
  time.tm_hour = hours;
  time.tm_min = minutes;
  return {timegm(&time) * second};
}
Cron cron(const char* text) {
  const auto parsed = Cron::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return *parsed;
}
std::vector<Instant> next(const char* text, Instant after, int count, const char* zone = "UTC") {
  return next_times(cron(text), zone, after, count);
}

TEST(Cron, LocalTimesNameTheirOffset) {
  EXPECT_EQ(local_text(at(2024, 3, 31, 0, 59), "Europe/Berlin"), "2024-03-31 01:59:00 CET");
  EXPECT_EQ(local_text(at(2024, 3, 31, 1, 0), "Europe/Berlin"), "2024-03-31 03:00:00 CEST");
}

TEST(Cron, EveryFieldMeansWhatItSays) {
  EXPECT_THAT(next("30 0 * * *", at(2024, 1, 1), 2), ElementsAre(at(2024, 1, 1, 0, 30), at(2024, 1, 2, 0, 30)));
  EXPECT_THAT(next("*/20 5 * * *", at(2024, 1, 1), 3),
              ElementsAre(at(2024, 1, 1, 5, 0), at(2024, 1, 1, 5, 20), at(2024, 1, 1, 5, 40)));
  EXPECT_THAT(next("0 8-10,20 * * *", at(2024, 1, 1), 4),
              ElementsAre(at(2024, 1, 1, 8), at(2024, 1, 1, 9), at(2024, 1, 1, 10), at(2024, 1, 1, 20)));
  EXPECT_THAT(next("10-30/10 0 1 * *", at(2024, 1, 2), 3),
              ElementsAre(at(2024, 2, 1, 0, 10), at(2024, 2, 1, 0, 20), at(2024, 2, 1, 0, 30)));
  EXPECT_THAT(next("0 0 1 JAN,jul *", at(2024, 1, 2), 2), ElementsAre(at(2024, 7, 1), at(2025, 1, 1)));
  EXPECT_THAT(next("0 12 * * mon-fri", at(2024, 1, 5, 12), 1), ElementsAre(at(2024, 1, 8, 12))) << "after a Friday";
  EXPECT_EQ(next("0 0 * * 0", at(2024, 1, 1), 3), next("0 0 * * 7", at(2024, 1, 1), 3)) << "both are Sunday";
}

TEST(Cron, WhereBothDaysAreRestrictedEitherWillDo) {
  EXPECT_THAT(next("0 0 13 * fri", at(2024, 9, 1), 4),
              ElementsAre(at(2024, 9, 6), at(2024, 9, 13), at(2024, 9, 20), at(2024, 9, 27)));
  EXPECT_THAT(next("0 0 13 * *", at(2024, 9, 1), 2), ElementsAre(at(2024, 9, 13), at(2024, 10, 13)));
}

TEST(Cron, ATimeIsAfterAndNeverAt) {
  EXPECT_THAT(next("0 * * * *", at(2024, 1, 1, 5), 1), ElementsAre(at(2024, 1, 1, 6)));
  EXPECT_THAT(next("0 * * * *", Instant{at(2024, 1, 1, 5).us - 1}, 1), ElementsAre(at(2024, 1, 1, 5)));
}

TEST(Cron, TheLeapDayIsWaitedForAndADayThatNeverComesIsRefused) {
  EXPECT_THAT(next("0 0 29 2 *", at(2096, 3, 1), 1), ElementsAre(at(2104, 2, 29)));
  const auto never = Cron::parse("0 0 30 2 *");
  ASSERT_FALSE(never.has_value());
  EXPECT_THAT(never.error(), HasSubstr("never"));
}

TEST(Cron, WhatItCannotBeIsNamed) {
  for (const auto& [text, words] : std::vector<std::pair<const char*, const char*>>{
           {"", "has 0 fields"},
           {"0 0 * *", "has 4 fields"},
           {"0 0 * * * *", "has 6 fields"},
           {"60 0 * * *", "\"60\" as minute"},
           {"0 24 * * *", "\"24\" as hour"},
           {"0 0 0 * *", "day of the month"},
           {"0 0 * 13 *", "\"13\" as month"},
           {"0 0 * * 8", "day of the week"},
           {"0 0 * * funday", "\"funday\""},
           {"5-1 0 * * *", "\"5-1\""},
           {"*/0 0 * * *", "\"*/0\""},
           {"5/10 0 * * *", "\"5/10\""},
           {"1,,2 0 * * *", "\"\" as minute"},
           {"-1 0 * * *", "\"-1\""},
           {"1-2-3 0 * * *", "\"1-2-3\""},
       }) {
    const auto parsed = Cron::parse(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_THAT(parsed.error(), HasSubstr(words));
  }
}

// Berlin, 31 March 2024: 02:00 becomes 03:00, at 01:00 UTC.
TEST(Zone, ATimeInTheGapRunsOnceWhenTheClockGoesOn) {
  EXPECT_THAT(next("30 2 * * *", at(2024, 3, 30, 12), 2, "Europe/Berlin"),
              ElementsAre(at(2024, 3, 31, 1, 0), at(2024, 4, 1, 0, 30)));
  EXPECT_THAT(next("*/10 2 * * *", at(2024, 3, 30, 12), 2, "Europe/Berlin"),
              ElementsAre(at(2024, 3, 31, 1, 0), at(2024, 4, 1, 0, 0)))
      << "six times in the gap are one";
}

// Berlin, 27 October 2024: 03:00 becomes 02:00, at 01:00 UTC.
TEST(Zone, ADoubledTimeRunsOnceAtTheFirst) {
  EXPECT_THAT(next("30 2 * * *", at(2024, 10, 26, 12), 2, "Europe/Berlin"),
              ElementsAre(at(2024, 10, 27, 0, 30), at(2024, 10, 28, 1, 30)));
  EXPECT_THAT(next("30 2 * * *", at(2024, 10, 27, 0, 45), 1, "Europe/Berlin"), ElementsAre(at(2024, 10, 28, 1, 30)))
      << "also for who looks between the two";
}

// Berlin's clock goes from 3:00 back to 2:00 on 2024-10-27 at 1:00 UTC, and on from 2:00 to 3:00 on 2024-03-31 at 1:00.
TEST(Zone, AnIntervalGoesOnOverAChangeOfTheClock) {
  for (const Instant change : {at(2024, 10, 27, 1), at(2024, 3, 31, 1)}) {
    std::vector<Instant> half_hours, hours;
    for (int n = -3; n <= 4; ++n) half_hours.push_back({change.us + n * 30 * minute});
    for (int n = -2; n <= 3; ++n) hours.push_back({change.us + n * hour});
    EXPECT_EQ(next("*/30 * * * *", {change.us - 2 * hour}, 8, "Europe/Berlin"), half_hours);
    EXPECT_EQ(next("0 * * * *", {change.us - 3 * hour}, 6, "Europe/Berlin"), hours);
  }
  EXPECT_THAT(next("15 2 * * *", at(2024, 10, 26, 12), 2, "Europe/Berlin"),
              ElementsAre(at(2024, 10, 27, 0, 15), at(2024, 10, 28, 1, 15)))
      << "a time of day comes once";
}

TEST(Zone, AnIntervalWithinSomeHoursGoesOnToo) {
  EXPECT_EQ(next("*/30 1-3 27 10 *", at(2024, 10, 26, 12), 8, "Europe/Berlin"),
            next("*/30 * * * *", at(2024, 10, 26, 22, 59), 8));
  EXPECT_THAT(
      next("*/30 1-3 31 3 *", at(2024, 3, 30), 4, "Europe/Berlin"),
      ElementsAre(at(2024, 3, 31, 0, 0), at(2024, 3, 31, 0, 30), at(2024, 3, 31, 1, 0), at(2024, 3, 31, 1, 30)));
}

TEST(Cron, AStarWithAStepIsAStarAsInDebian) {
  // 2024-01-01 was a Monday; the 15th and 29th are the next ones with an odd number.
  EXPECT_THAT(next("0 0 */2 * 1", at(2023, 12, 31), 3), ElementsAre(at(2024, 1, 1), at(2024, 1, 15), at(2024, 1, 29)));
}

TEST(Cron, WeekdaysGoOverTheEndOfTheWeek) {
  EXPECT_EQ(next("0 0 * * mon-sun", at(2024, 1, 1), 9), next("0 0 * * *", at(2024, 1, 1), 9));
  EXPECT_THAT(next("0 0 * * fri-mon", at(2024, 1, 1), 5),
              ElementsAre(at(2024, 1, 5), at(2024, 1, 6), at(2024, 1, 7), at(2024, 1, 8), at(2024, 1, 12)));
  EXPECT_EQ(next("0 0 * * 5-7", at(2024, 1, 1), 6), next("0 0 * * fri-sun", at(2024, 1, 1), 6));
  EXPECT_EQ(next("0 0 * * */2", at(2024, 1, 1), 8), next("0 0 * * 0,2,4,6", at(2024, 1, 1), 8));
}

TEST(Cron, TabsAreBlanks) { EXPECT_EQ(next("0\t5\t*  *\t*", at(2024, 1, 1), 2), next("0 5 * * *", at(2024, 1, 1), 2)); }

TEST(Zone, ZonesAreThoseOfTheSystem) {
  EXPECT_TRUE(is_zone("UTC"));
  EXPECT_TRUE(is_zone("America/New_York"));
  EXPECT_TRUE(is_zone("Australia/Lord_Howe"));
  EXPECT_FALSE(is_zone("Mars/Olympus_Mons"));
  EXPECT_FALSE(is_zone(""));
}

// Half an hour of change, and to the other side of the world: times ascend, and each has the minute asked for unless it
// was moved out of a gap.
RC_GTEST_PROP(Zone, TimesAscendWhateverTheClockDoes, ()) {
  const char* zone =
      *rc::gen::element("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC");
  const Instant from{at(2008, 1, 1).us + *rc::gen::inRange<std::int64_t>(0, 20 * 365) * day};
  const auto times = next_times(cron("*/15 * * * *"), zone, from, 200);
  RC_ASSERT(times.size() == 200U);
  RC_ASSERT(times.front() > from);
  for (std::size_t i = 1; i < times.size(); ++i) RC_ASSERT(times[i] > times[i - 1]);
}

TEST(Due, OneThatIsDueNowFiresWhateverTheCatchUp) {
  const auto hourly = cron("0 * * * *");
  for (const CatchUp catch_up : {CatchUp::none, CatchUp::last, CatchUp::all})
    EXPECT_THAT(due_times(hourly, "UTC", catch_up, at(2024, 1, 1, 4), {at(2024, 1, 1, 5).us + 30 * second}),
                ElementsAre(at(2024, 1, 1, 5)));
}

TEST(Due, WhatWasMissedIsCaughtUpByThePolicy) {
  const auto hourly = cron("0 * * * *");
  const Instant last = at(2024, 1, 1, 4), now{at(2024, 1, 1, 8).us + 30 * minute};
  EXPECT_THAT(due_times(hourly, "UTC", CatchUp::none, last, now), IsEmpty());
  EXPECT_THAT(due_times(hourly, "UTC", CatchUp::last, last, now), ElementsAre(at(2024, 1, 1, 8)));
  EXPECT_THAT(due_times(hourly, "UTC", CatchUp::all, last, now),
              ElementsAre(at(2024, 1, 1, 5), at(2024, 1, 1, 6), at(2024, 1, 1, 7), at(2024, 1, 1, 8)));
}

TEST(Due, AYearOfAbsenceIsCaughtUpWithinBounds) {
  const auto times = due_times(cron("* * * * *"), "UTC", CatchUp::all, at(2023, 1, 1), at(2024, 1, 1));
  ASSERT_THAT(times, SizeIs(most_caught_up));
  EXPECT_EQ(times.back(), at(2024, 1, 1)) << "the newest";
}

TEST(Due, NothingIsDueTwice) {
  EXPECT_THAT(due_times(cron("0 * * * *"), "UTC", CatchUp::all, at(2024, 1, 1, 5), at(2024, 1, 1, 5, 59)), IsEmpty());
}

}  // namespace
}  // namespace brokers::schedule
