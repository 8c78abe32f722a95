// What the look for stuck work counts, and the file that a monitor reads.
#include "deploy/telemetry/inspector.hpp"

#include <gmock/gmock.h>

#include "deploy/house/stuck.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

TEST(Metrics, EveryCountIsALineOfPrometheusText) {
  deploy::Inspection found;
  found.live = 7;
  found.stranded.push_back({{1}, {9}, "till", "open"});
  found.jobs.held = 3;
  found.parked = {{"order", "query_order", "parked", "no answer", 2},
                  {"order", "query_order", "parked", "no answer!", 1}};
  found.brokers.push_back(schemas::BrokerView{"b", 1, {{"w", 4, 0}, {"v", 1, 0}}, 11, 2, 5});
  found.overdue = {"nightly was due"};
  found.stuck.push_back({{"vault", "review", 2, 41, {1000}, ""}, "no worker is registered"});
  const std::string text = deploy::metrics_text(found);
  for (const char* line :
       {"bursar_live_instances 7\n", "bursar_stranded 1\n", "bursar_overdue_schedules 1\n",
        "bursar_stuck_jobs{kind=\"vault\",command=\"review\"} 2\n", "bursar_jobs{state=\"held\"} 3\n",
        "bursar_parked_jobs{kind=\"order\",command=\"query_order\"} 3\n", "bursar_workers{broker=\"b\"} 2\n",
        "bursar_jobs_in_flight{broker=\"b\"} 5\n", "bursar_refused_peers_total{broker=\"b\"} 5\n",
        "# TYPE bursar_jobs_dispatched_total counter\n"})
    EXPECT_THAT(text, HasSubstr(line));
  found.brokers.clear();
  EXPECT_THAT(deploy::metrics_text(found), HasSubstr("bursar_brokers_up 0\n"));
}

TEST(Stuck, WhatNobodyTakesForLongerThanStatedIsNamedWithItsReasonAndNothingElseIs) {
  if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  const std::string database = fresh_database();
  must_run(database, "SELECT ledger.open_owner('default', 3)");
  must_run(database,
           "SELECT ledger.record_move(1, 'till', 0, 0, '', 'open', 'start', 0, false, '{}', 1000, 'count', 1000)");
  must_run(database, "SELECT ledger.submit_event(1, (SELECT id FROM ledger.instance), 'audit', 1000)");
  ledger::Connection connection(dsn(database));
  const auto named = [&](std::int64_t longer_than_s) {
    std::vector<std::string> lines;
    const auto stuck = deploy::stuck_now(connection, {}, longer_than_s);
    EXPECT_TRUE(stuck) << stuck.error().text;
    if (stuck)
      for (const auto& one : *stuck) lines.push_back(deploy::in_one_line(one));
    return lines;
  };
  EXPECT_THAT(named(30), SizeIs(0)) << "both were ordered just now";
  must_run(database, "UPDATE ledger.job SET run_at = clock_timestamp() - interval '40 seconds' WHERE is_event");
  ASSERT_THAT(named(30), SizeIs(1));
  EXPECT_THAT(named(30)[0], testing::MatchesRegex("1 job of till .audit. is ready, and nobody has taken the oldest for "
                                                  "4[0-9] s: no broker answers"));
  EXPECT_THAT(named(300), SizeIs(0));
  for (const char* taken :
       {"token = gen_random_uuid()", "parked = 'x'", "run_at = clock_timestamp() + interval '1 h'"}) {
    must_run(database, std::string("UPDATE ledger.job SET ") + taken);
    EXPECT_THAT(named(30), SizeIs(0)) << taken;
    must_run(database,
             "UPDATE ledger.job SET token = NULL, parked = NULL, run_at = clock_timestamp() - interval '40 s'");
  }
  EXPECT_THAT(named(30), SizeIs(1)) << "the step that ordered the other one has just been";
}

TEST(Stuck, TheLikelyReasonIsTheFirstThatHolds) {
  ledger::jobs::Untaken jobs{"vault", "review", 1, 41, {1000}, ""};
  schemas::BrokerView broker;
  broker.broker = "b";
  EXPECT_EQ(deploy::why_untaken(jobs, {}), "no broker answers");
  broker.waits_for = "its seat";
  EXPECT_EQ(deploy::why_untaken(jobs, {broker}), "b waits for PostgreSQL: its seat");
  broker.waits_for.clear();
  EXPECT_EQ(deploy::why_untaken(jobs, {broker}), "no worker is registered");
  broker.workers = {{"w", 0, 0}};
  EXPECT_EQ(deploy::why_untaken(jobs, {broker}), "no broker was told that its world time has come");
  jobs.last_error = "no worker here knows vault v3";
  EXPECT_EQ(deploy::why_untaken(jobs, {broker}), "no worker does review of vault");
  jobs.last_error = "waits for a limit";
  EXPECT_EQ(deploy::why_untaken(jobs, {broker}), "it waits for a limit");
  jobs.last_error.clear();
  broker.world_now = {1000};
  EXPECT_EQ(deploy::why_untaken(jobs, {broker}), "not known: see the broker's log");
  broker.limits = {{"venue", "paper/main", 3, 0, 10, "5/s"}};
  EXPECT_EQ(deploy::why_untaken(jobs, {broker}), "perhaps the limit venue (5/s)");
}

TEST(Inspector, Inv4AStrandedInstanceIsNamedAndCountedInTheFile) {
  if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  const std::string database = fresh_database();
  must_run(database, "SELECT ledger.open_owner('default', 3)");
  for (int n = 0; n < 2; ++n)
    must_run(database,
             "SELECT ledger.record_move(1, 'till', 0, 0, '', 'open', 'start', 0, false, '{}', 1000, 'count', 1000)");
  TempFolder folder;
  const deploy::Layout layout{folder.path()};
  ledger::Connection connection(dsn(database));
  deploy::Inspector inspector(layout, connection);
  std::int64_t now = 1'000'000;
  const auto pass = [&] {
    for (int steps = 0; steps < 2'000; ++steps, now += 100'000)
      if (inspector.step(now)) return true;
    return false;
  };
  ASSERT_TRUE(pass());
  EXPECT_THAT(inspector.last().stranded, SizeIs(0));
  EXPECT_EQ(inspector.last().live, 2);
  must_run(database, "DELETE FROM ledger.job WHERE instance = (SELECT max(instance) FROM ledger.job)");
  ASSERT_TRUE(pass()) << "a minute later";
  ASSERT_THAT(inspector.last().stranded, SizeIs(1));
  EXPECT_EQ(inspector.last().stranded[0].kind, "till");
  EXPECT_THAT(read_text(layout.metrics()), HasSubstr("bursar_stranded 1\n"));
}

}  // namespace
}  // namespace tests
