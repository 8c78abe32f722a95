// tests/deploy/cli/jobs/jobs_test.cpp: what an operator orders about jobs, by the real executable on a real PostgreSQL;
// and a replay that somebody pauses.
#include <gmock/gmock.h>

#include "deploy/cli/jobs/jobs.hpp"
#include "ledger/audit/verify.hpp"
#include "tests/deploy/bursar/house.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST(JobWords, AnIdIsFourNumbersAndAnAgeHasAUnit) {
  const machines::JobKey key{{3}, {4'711}, 12, 1'000};
  EXPECT_EQ(deploy::text_of(key), "3/4711/12/1000");
  EXPECT_EQ(deploy::job_key_of("3/4711/12/1000"), key);
  for (const char* bad : {"", "3", "3/4711/12", "3/4711/12/1000/", "3/4711/12/x", "3/4711//0", "-3/1/1/0",
                          "99999999999/1/1/0", " 3/1/1/0"})
    EXPECT_EQ(deploy::job_key_of(bad), std::nullopt) << bad;
  EXPECT_EQ(deploy::seconds_of("90s"), 90);
  EXPECT_EQ(deploy::seconds_of("15m"), 900);
  EXPECT_EQ(deploy::seconds_of("1h"), 3'600);
  EXPECT_EQ(deploy::seconds_of("2d"), 172'800);
  for (const char* bad : {"", "h", "1", "1w", "-1h", "1hh", "99999999999s"})
    EXPECT_EQ(deploy::seconds_of(bad), std::nullopt) << bad;
}

// A ledger with one owner and, as a house would leave them, jobs of orders; nobody serves it.
class OperatorJobs : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    database = fresh_database();
    must_run(database, "SELECT ledger.open_owner('default', 3)");
  }
  void TearDown() override {
    if (database.empty()) return;
    ledger::Connection connection(dsn(database));
    const auto verdict = ledger::audit::verify(connection);
    EXPECT_EQ(verdict ? verdict->problem : verdict.error().text, "");
  }
  // The id of a new order's job.
  [[nodiscard]] std::string order(const std::string& state, const std::string& command) const {
    const auto made = must_run(database, "SELECT ledger.record_move(1, 'order', 0, 0, '', '" + state +
                                             "', 'draft', 0, false, '{}', 1000, '" + command + "', 1000)");
    return "1/" + std::to_string(made.number(0, 0)) + "/1/1";
  }
  void park(const std::string& reason) const {
    must_run(database, "UPDATE ledger.job SET parked = '" + reason + "', error_class = 'unknown_outcome', tries = 20");
  }
  [[nodiscard]] Said say(Words words) const {
    words.insert(words.end(), {"--dsn", dsn(database)});
    return bursar(words);
  }
  [[nodiscard]] json told(Words words) const {
    words.emplace_back("--json");
    return say(words).last_line();
  }
  [[nodiscard]] std::string one(const std::string& sql) const {
    const auto rows = must_run(database, sql);
    return rows.empty() ? "" : std::string(rows.text(0, 0));
  }
  std::string database;
};

TEST_F(OperatorJobs, AFilterThatFitsMoreThanOneIsShownFirstAndNeedsAYes) {
  const std::string first = order("in_doubt", "query_order");
  (void)order("in_doubt", "query_order");
  (void)order("drafted", "place_order");
  park("no answer");
  const Said shown = say({"job", "retry", "--state", "parked", "--command", "query_order", "--why", "x"});
  EXPECT_EQ(shown.code, 2);
  EXPECT_THAT(shown.err, HasSubstr("would change 2 jobs"));
  EXPECT_THAT(shown.err, HasSubstr("2  query_order of order, parked: no answer"));
  EXPECT_THAT(shown.err, HasSubstr(first));
  EXPECT_EQ(one("SELECT count(*)::text FROM ledger.job WHERE parked IS NOT NULL"), "3") << "nothing was changed";
  EXPECT_EQ(say({"job", "retry", "--state", "parked", "--expect", "4", "--why", "x"}).code, 2);
  EXPECT_EQ(say({"job", "retry", "--why", "x"}).code, 2) << "everything is no filter";
  EXPECT_EQ(say({"job", "retry", "--state", "parked", "--yes"}).code, 2) << "no why";
  const json done = told(
      {"job", "retry", "--state", "parked", "--command", "query_order", "--expect", "2", "--why", "the venue is back"});
  EXPECT_EQ(done["changed"], 2);
  ASSERT_THAT(done["machines"], SizeIs(1));
  EXPECT_THAT(one("SELECT data FROM ledger.transition WHERE kind = 'intervention' AND version = 2"),
              HasSubstr("the venue is back"));
  EXPECT_EQ(told({"job", "list", "--state", "parked"}).size(), 1U);
}

TEST_F(OperatorJobs, AJobIsShownWithItsPolicyItsInputsAndItsHistory) {
  const std::string id = order("in_doubt", "query_order");
  park("no answer");
  const json job = told({"job", "show", id});
  EXPECT_EQ(job["state"], "parked");
  EXPECT_EQ(job["reason"], "no answer");
  EXPECT_EQ(job["instance_state"], "in_doubt");
  EXPECT_THAT(job["policy"].get<std::string>(), HasSubstr("after unknown_outcome: 100 ms, times 2"));
  EXPECT_THAT(job["next_try"].get<std::string>(), HasSubstr("when a person orders it"));
  EXPECT_THAT(job["history"], SizeIs(1));
  EXPECT_TRUE(job.contains("facts"));
  EXPECT_TRUE(job.contains("trace"));
  EXPECT_THAT(say({"job", "show", id}).out, HasSubstr("last error no answer"));
  EXPECT_EQ(say({"job", "show", "teapot"}).code, 2);
  EXPECT_EQ(say({"job", "show", "1/1/1/9"}).code, 1);
  must_run(database, "UPDATE ledger.job SET error_class = 'waits_for_key', last_error = 'waits for an API key'");
  EXPECT_EQ(told({"job", "show", id})["policy"], "it waits, and no try is counted meanwhile");
}

TEST_F(OperatorJobs, OnlyWhatHasNotLeftIsCancelledAndTheRestIsRefusedByName) {
  const std::string drafted = order("drafted", "place_order"), sent = order("sent", "place_order"),
                    asking = order("in_doubt", "query_order");
  const auto cancel = [&](const std::string& id) { return say({"job", "cancel", id, "--why", "wrong side"}); };
  EXPECT_THAT(cancel(sent).out, HasSubstr("may_have_left"));
  EXPECT_THAT(cancel(asking).out, HasSubstr("venue_decides"));
  EXPECT_EQ(cancel(sent).code, 1);
  const Said done = cancel(drafted);
  EXPECT_EQ(done.code, 0) << done.err;
  const json left = told({"job", "list", "--command", "cancel"});
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0]["is_event"], true);
  EXPECT_EQ(told({"job", "list"}).size(), 3U);
  EXPECT_EQ(told({"status"})["stranded"], 0);
}

TEST(OperatorReplay, APausedReplayWaitsSaysSoAndComesToTheSameEnd) {
  if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  TempFolder folder;
  const std::string config = config_file(folder, 1'500);
  const auto words = [&](const std::string& name) {
    return Words{"up", "--config", config, "--data-dir", (folder.path() / name).string(), "--exit-when-done", "--json"};
  };
  const std::string data = (folder.path() / "paused").string();
  const auto up = start_bursar(words("paused"));
  ASSERT_TRUE(wait_until([&] {
    return !up->is_running() ||
           bursar({"pause", "kind", "sleeve_cycle", "--why", "a look", "--data-dir", data}).code == 0;
  }));
  ASSERT_TRUE(up->wait_for_output("The replay waits: kind sleeve_cycle is paused by ")) << up->output();
  const json held = bursar({"job", "list", "--state", "held", "--json", "--data-dir", data}).last_line();
  EXPECT_FALSE(held.empty());
  EXPECT_EQ(bursar({"status", "--json", "--data-dir", data}).last_line()["stranded"], 0);
  EXPECT_EQ(bursar({"resume", "kind", "sleeve_cycle", "--why", "looked", "--data-dir", data}).code, 0);
  EXPECT_EQ(up->wait(std::chrono::seconds(240)).code, 0) << up->output();
  const Said again = bursar({"up", "--config", config, "--data-dir", data, "--exit-when-done", "--json"});
  const Said undisturbed = bursar(words("undisturbed"));
  ASSERT_EQ(undisturbed.code, 0) << undisturbed.err;
  EXPECT_EQ(again.last_line()["digest"], undisturbed.last_line()["digest"]);
}

}  // namespace
}  // namespace tests
