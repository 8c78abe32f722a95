// tests/brokers/schedule/scheduler_test.cpp: schedules on a real PostgreSQL with a clock in the test's hand: what
// fires, once, whoever looks and whatever is killed; what overlaps, what was missed, and what history says of it.
#include "brokers/schedule/scheduler.hpp"

#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "brokers/schedule/cron.hpp"
#include "ledger/audit/verify.hpp"
#include "ledger/books/books.hpp"
#include "machines/core/names.hpp"
#include "machines/firing/firing.hpp"
#include "tests/support/cluster.hpp"
#include "tests/workers/reconciliation/treasury_ground.hpp"

namespace tests {

using brokers::schedule::FiringHand;

namespace {

using brokers::schedule::FiringHand;
using brokers::schedule::Perform;
using ledger::jobs::Schedule;
using ledger::jobs::Schedules;
using machines::Instant;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t second = 1'000'000, minute = 60 * second, hour = 60 * minute;
constexpr Instant noon{1'800'000'000LL * second - 1'800'000'000LL * second % (24 * hour) + 12 * hour};

Instant after_noon(std::int64_t us) { return {noon.us + us}; }

class Scheduling : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    ground_.emplace(100);
    schedules_.emplace(ground_->connection);
  }
  // Every ten minutes, from noon on.
  void declare(const std::string& does, const std::string& overlap, const std::string& catch_up,
               const std::string& cron = "*/10 * * * *", Instant now = noon) {
    Schedule one;
    one.owner_name = "default";
    one.name = "drill";
    one.does = does;
    one.cron = cron;
    one.zone = "UTC";
    one.overlap = overlap;
    one.catch_up = catch_up;
    EXPECT_EQ(schedules_->declare({one}, now).value(), "");
  }
  // Beside the other one: a vault that reviews itself, and hence has its timer.
  void open_vault_with_rules() {
    must_run(ground_->database,
             "SELECT ledger.open_vault(1, 'ETH', 'paper', 'main', 2, '{}', 'test', '', 1000, 5000000)");
  }
  int fire_at(Instant now) { return brokers::schedule::fire_due(*schedules_, now).value(); }
  FiringHand hand(std::string outcome = "") {
    return {ground_->connection, {{"reconcile", [this, outcome]() -> machines::Result<std::string, std::string> {
                                     ++performed_;
                                     if (outcome.empty()) return std::string("compared");
                                     return machines::fail(outcome);
                                   }}}};
  }
  // "12:10 done", oldest first.
  std::vector<std::string> firings() {
    std::vector<std::string> told;
    const Schedule one = schedules_->all().value().front();
    const auto seen = schedules_->firings(one, 1'000);
    for (const auto& firing : *seen)
      told.insert(told.begin(), brokers::schedule::local_text(firing.at, "UTC").substr(11, 5) + " " + firing.state);
    return told;
  }
  void expect_sound() {
    const auto verdict = ledger::audit::verify(ground_->connection);
    ASSERT_TRUE(verdict.has_value());
    EXPECT_TRUE(verdict->ok) << verdict->problem;
    EXPECT_THAT(ledger::books::Books(ground_->connection).stranded().value(), IsEmpty());
    namespace firing = machines::firing;
    const auto moves = must_run(ground_->database,
                                "SELECT DISTINCT from_state, event, to_state FROM ledger.transition WHERE kind = "
                                "'firing' AND version > 1");
    for (int row = 0; row < moves.size(); ++row) {
      const auto from = machines::from_name<firing::State>(moves.text(row, 0));
      const auto on = machines::from_name<firing::Event>(moves.text(row, 1));
      ASSERT_TRUE(from && on) << moves.text(row, 0) << moves.text(row, 1);
      const auto found = firing::transitions.find(*from, *on);
      ASSERT_TRUE(found) << "the functions in SQL go by the machine's table";
      EXPECT_EQ(machines::name_of(found->to), moves.text(row, 2));
    }
  }

  std::optional<TreasuryGround> ground_;
  std::optional<Schedules> schedules_;
  int performed_ = 0;
};

TEST_F(Scheduling, AFiringComesAtItsTimeAndIsPerformedOnce) {
  declare("reconcile", "skip", "last");
  auto mine = hand();
  EXPECT_EQ(fire_at(after_noon(10 * minute - 1)), 0);
  EXPECT_FALSE(mine.step().value());
  EXPECT_EQ(fire_at(after_noon(10 * minute)), 1);
  EXPECT_EQ(fire_at(after_noon(11 * minute)), 0);
  EXPECT_THAT(firings(), ElementsAre("12:10 due"));
  EXPECT_TRUE(mine.step().value());
  EXPECT_FALSE(mine.step().value());
  EXPECT_EQ(performed_, 1);
  EXPECT_THAT(firings(), ElementsAre("12:10 done"));
  EXPECT_EQ(fire_at(after_noon(20 * minute)), 1);
  auto other = hand("the venue is silent");
  EXPECT_TRUE(other.step().value());
  EXPECT_THAT(firings(), ElementsAre("12:10 done", "12:20 failed"));
  EXPECT_EQ(ground_->one("SELECT string_agg(event || '>' || to_state, ' ' ORDER BY instance, version) FROM "
                         "ledger.transition WHERE kind = 'firing'"),
            "fire>due start>running finish>done fire>due start>running fail>failed");
  expect_sound();
}

TEST_F(Scheduling, WhatWasMissedIsFiredAsItsRuleSays) {
  const Instant back = after_noon(2 * hour + 5 * minute);
  declare("reconcile", "allow", "none");
  EXPECT_EQ(fire_at(back), 0) << "the last of them is five minutes old";
  EXPECT_EQ(fire_at(after_noon(2 * hour + 10 * minute)), 1) << "and it goes on";
  declare("reconcile", "allow", "last");
  EXPECT_EQ(fire_at(after_noon(4 * hour + 5 * minute)), 1);
  declare("reconcile", "allow", "all");
  EXPECT_EQ(fire_at(after_noon(4 * hour + 35 * minute)), 3);
  EXPECT_THAT(firings(), ElementsAre("14:10 due", "16:00 due", "16:10 due", "16:20 due", "16:30 due"));
  EXPECT_EQ(fire_at(after_noon(1'000 * hour)), 100) << "never more than a hundred";
  expect_sound();
}

TEST_F(Scheduling, ANewScheduleAndOneWithOtherTimesHaveMissedNothing) {
  declare("reconcile", "allow", "all");
  declare("reconcile", "allow", "all", "*/10 * * * *", after_noon(hour));
  EXPECT_EQ(fire_at(after_noon(hour)), 6) << "declared as it was: the house was down";
  declare("reconcile", "allow", "all", "*/5 * * * *", after_noon(2 * hour));
  EXPECT_EQ(fire_at(after_noon(2 * hour)), 0);
  EXPECT_EQ(schedules_->declare({}, after_noon(3 * hour)).value(), "");
  EXPECT_EQ(fire_at(after_noon(4 * hour)), 0) << "gone from the configuration";
  EXPECT_THAT(schedules_->all().value(), SizeIs(1)) << "its history stays";
  declare("reconcile", "allow", "all", "*/5 * * * *", after_noon(5 * hour));
  EXPECT_EQ(fire_at(after_noon(5 * hour)), 0);
}

TEST_F(Scheduling, OverlapSkipsQueuesOrAllows) {
  declare("reconcile", "skip", "all");
  EXPECT_EQ(fire_at(after_noon(20 * minute)), 2);
  EXPECT_THAT(firings(), ElementsAre("12:10 due", "12:20 skipped"));
  const auto seen = schedules_->firings(schedules_->all().value().front(), 1).value();
  EXPECT_THAT(seen.at(0).outcome, HasSubstr("has not ended")) << "with its reason";
  declare("reconcile", "queue", "all");
  EXPECT_EQ(fire_at(after_noon(40 * minute)), 2);
  const auto first = schedules_->take({"reconcile"}).value();
  EXPECT_EQ(first.at, after_noon(10 * minute));
  EXPECT_EQ(schedules_->take({"reconcile"}).value().machine.value, 0) << "the one before is not done";
  EXPECT_TRUE(schedules_->end(first, true, "").value());
  EXPECT_FALSE(schedules_->end(first, false, "again").value()) << "it ended already";
  const auto second_one = schedules_->take({"reconcile"}).value();
  EXPECT_EQ(second_one.at, after_noon(30 * minute));
  declare("reconcile", "allow", "all");
  EXPECT_EQ(fire_at(after_noon(50 * minute)), 1);
  EXPECT_EQ(schedules_->take({"reconcile"}).value().at, after_noon(50 * minute)) << "beside the one that runs";
  expect_sound();
}

TEST_F(Scheduling, AQueueHasAnEnd) {
  declare("reconcile", "queue", "all");
  EXPECT_EQ(fire_at(after_noon(30 * hour)), 100);
  EXPECT_EQ(fire_at(after_noon(31 * hour)), 6);
  EXPECT_EQ(ground_->one("SELECT count(*) FROM ledger.live_firing"), "100");
  EXPECT_EQ(firings().back(), "19:00 skipped");
}

TEST_F(Scheduling, OfTenWhoLookAtOnceEachTimeIsFiredByOne) {
  declare("reconcile", "allow", "all");
  std::atomic<int> fired = 0;
  std::vector<std::thread> threads;
  for (int n = 0; n < 10; ++n)
    threads.emplace_back([&] {
      ledger::Connection connection(dsn(ground_->database));
      Schedules schedules(connection);
      for (int again = 0; again < 5; ++again)
        if (const auto count = brokers::schedule::fire_due(schedules, after_noon(hour))) fired += *count;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(fired, 6);
  EXPECT_THAT(firings(), SizeIs(6));
  expect_sound();
}

// The house dies while it performs: the firing stays one, and what it does is done again.
TEST_F(Scheduling, ADeadPerformersFiringIsDueAgain) {
  declare("reconcile", "skip", "last");
  EXPECT_EQ(fire_at(after_noon(10 * minute)), 1);
  EXPECT_NE(schedules_->take({"reconcile"}).value().machine.value, 0);
  EXPECT_THAT(firings(), ElementsAre("12:10 running"));
  auto next = hand();
  EXPECT_TRUE(next.step().value());
  EXPECT_THAT(firings(), ElementsAre("12:10 done"));
  EXPECT_EQ(performed_, 1);
  EXPECT_EQ(ground_->one("SELECT string_agg(event, ' ' ORDER BY version) FROM ledger.transition WHERE kind = 'firing'"),
            "fire start lose start finish");
}

TEST_F(Scheduling, ATakeWhoseAnswerWasLostIsTakenAgain) {
  declare("reconcile", "skip", "last");
  auto mine = hand();
  EXPECT_FALSE(mine.step().value());
  EXPECT_EQ(fire_at(after_noon(10 * minute)), 1);
  ledger::Connection same(dsn(ground_->database));
  EXPECT_NE(Schedules(same).take({"reconcile"}).value().machine.value, 0) << "it stood; only the answer is lost";
  must_run(ground_->database,
           "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
           "pg_backend_pid()");
  EXPECT_FALSE(mine.step().has_value());
  EXPECT_TRUE(mine.step().value());
  EXPECT_THAT(firings(), ElementsAre("12:10 done"));
  EXPECT_EQ(performed_, 1);
}

TEST_F(Scheduling, ABrokenConnectionLosesAndDoublesNothing) {
  declare("reconcile", "allow", "all");
  int fired = 0;
  for (int n = 1; n <= 20; ++n) {
    ledger::Connection connection(dsn(ground_->database));
    Schedules schedules(connection);
    (void)connection.connect();
    std::thread killer([&] {
      must_run(ground_->database,
               "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
               "pg_backend_pid() AND query LIKE '%ledger.fire%'");
    });
    (void)brokers::schedule::fire_due(schedules, after_noon(n * 10 * minute));
    killer.join();
    (void)brokers::schedule::fire_due(schedules, after_noon(n * 10 * minute));
    ++fired;
  }
  EXPECT_EQ(fire_at(after_noon(20 * 10 * minute)) + 0, 0) << "each second look finished the work";
  EXPECT_THAT(firings(), SizeIs(static_cast<std::size_t>(fired)));
  expect_sound();
}

TEST_F(Scheduling, NothingFiresInAReplay) {
  declare("reconcile", "allow", "all");
  must_run(ground_->database,
           "INSERT INTO ledger.feed (instrument, file, sha256, import, played_to) VALUES (1, 'f', 's', '{}', 0)");
  EXPECT_EQ(fire_at(after_noon(30 * minute)), 0);
  const auto one = schedules_->all().value().front();
  EXPECT_EQ(schedules_->fire(one, after_noon(31 * minute), "ann", "now").value().state, "replaying");
  must_run(ground_->database, "UPDATE ledger.feed SET finished = true");
  EXPECT_EQ(fire_at(after_noon(35 * minute)), 3) << "it has lost nothing either";
}

TEST_F(Scheduling, APersonFiresBesideTheClock) {
  declare("reconcile", "skip", "last");
  const auto one = schedules_->all().value().front();
  const auto fired = schedules_->fire(one, after_noon(minute), "ann", "a drill").value();
  EXPECT_EQ(fired.state, "due");
  EXPECT_EQ(schedules_->fire(one, after_noon(2 * minute), "ann", "again").value().state, "skipped");
  auto mine = hand();
  EXPECT_TRUE(mine.step().value());
  EXPECT_EQ(fire_at(after_noon(10 * minute)), 1) << "the clock's times are as they were";
  EXPECT_EQ(schedules_->firings(one, 10).value().back().why, "a drill");
  EXPECT_EQ(schedules_->declare({}, noon).value(), "");
  EXPECT_EQ(schedules_->fire(one, after_noon(3 * minute), "ann", "gone").value().state, "unknown");
}

TEST_F(Scheduling, AReviewIsAnEventForEachVaultWithRulesAndEndsWithItsJob) {
  declare("review", "skip", "last");
  open_vault_with_rules();
  EXPECT_EQ(fire_at(after_noon(10 * minute)), 1);
  auto mine = hand();
  EXPECT_THAT(firings(), ElementsAre("12:10 running"));
  EXPECT_EQ(ground_->one("SELECT count(*) FROM ledger.job WHERE is_event AND command = 'review'"), "1");
  EXPECT_FALSE(mine.step().value()) << "its job is open";
  EXPECT_EQ(fire_at(after_noon(20 * minute)), 1);
  EXPECT_THAT(firings(), ElementsAre("12:10 running", "12:20 skipped"));
  must_run(ground_->database, "DELETE FROM ledger.job WHERE is_event");  // as a worker's commit does
  EXPECT_TRUE(mine.step().value());
  EXPECT_THAT(firings(), ElementsAre("12:10 done", "12:20 skipped"));
  expect_sound();
}

// As an event that another firing had ordered, and that was done while this one looked for it, used to leave behind.
TEST_F(Scheduling, AReviewThatKnowsNoJobsEndsAndStopsNothing) {
  declare("review", "skip", "last");
  open_vault_with_rules();
  EXPECT_EQ(fire_at(after_noon(10 * minute)), 1);
  must_run(ground_->database,
           "UPDATE ledger.instance SET data = jsonb_set(data::jsonb, '{jobs}', 'null')::text WHERE kind = 'firing'");
  auto mine = hand();
  const auto stepped = mine.step();
  ASSERT_TRUE(stepped) << stepped.error().text;
  EXPECT_TRUE(*stepped);
  EXPECT_THAT(firings(), ElementsAre("12:10 done"));
}

TEST_F(Scheduling, AQueuedReviewStartsWhenTheOneBeforeHasEnded) {
  declare("review", "queue", "all");
  open_vault_with_rules();
  EXPECT_EQ(fire_at(after_noon(20 * minute)), 2);
  EXPECT_THAT(firings(), ElementsAre("12:10 running", "12:20 due"));
  auto mine = hand();
  must_run(ground_->database, "DELETE FROM ledger.job WHERE is_event");
  EXPECT_TRUE(mine.step().value());
  EXPECT_THAT(firings(), ElementsAre("12:10 done", "12:20 running"));
  EXPECT_EQ(ground_->one("SELECT count(*) FROM ledger.job WHERE is_event AND command = 'review'"), "1");
}

TEST_F(Scheduling, WhatIsOverdueIsNamed) {
  declare("reconcile", "queue", "last");
  EXPECT_THAT(brokers::schedule::overdue(schedules_->all().value(), after_noon(14 * minute)), IsEmpty());
  EXPECT_THAT(brokers::schedule::overdue(schedules_->all().value(), after_noon(16 * minute)),
              ElementsAre(HasSubstr("has not fired")));
  EXPECT_EQ(fire_at(after_noon(10 * minute)), 1);
  EXPECT_THAT(brokers::schedule::overdue(schedules_->all().value(), after_noon(16 * minute)),
              ElementsAre(HasSubstr("has not ended")));
}

TEST(CheckSchedules, WhatOnlyTheZonesKnowIsRefusedWithItsPlace) {
  const auto refusal = [](const std::string& text) {
    const auto read = schemas::config::parse("[[schedule]]\nname='a'\ndoes='review'\n" + text, "f.toml",
                                             brokers::schedule::check_schedules);
    return read ? "accepted" : read.error().text();
  };
  EXPECT_EQ(refusal("cron='0 8 * * *'\nzone='Europe/Berlin'\n"), "accepted");
  EXPECT_EQ(refusal("cron='0 8 * *'\n"),
            "f.toml:4:6: schedule[0].cron has 4 fields; minute, hour, day, month and weekday are expected; for "
            "instance \"30 8 * * mon-fri\"");
  EXPECT_EQ(refusal("cron='0 8 * * *'\nzone='Europe/Berlim'\n"),
            "f.toml:5:6: schedule[0].zone is \"Europe/Berlim\", which this system does not know; write a name of the "
            "IANA list, for instance Europe/Berlin or UTC");
  EXPECT_THAT(refusal(""), HasSubstr("f.toml:1:1: schedule[0].cron has 0 fields"));
}

}  // namespace
}  // namespace tests
