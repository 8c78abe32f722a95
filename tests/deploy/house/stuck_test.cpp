// tests/deploy/house/stuck_test.cpp: ready work that nobody takes is named with its likely reason, and nothing else is.
#include "deploy/house/stuck.hpp"

#include <gmock/gmock.h>

#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using testing::SizeIs;

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
  // What goes back and forth for something else is as good as ready, by its class and not by its words.
  must_run(database,
           "SET LOCAL session_replication_role = replica; UPDATE ledger.transition SET wall_at = wall_at - interval '1 "
           "hour'; "
           "UPDATE ledger.job SET run_at = clock_timestamp() + interval '1 minute', last_error = 'some words'");
  EXPECT_THAT(named(30), SizeIs(0)) << "it has failed, and may not run yet";
  for (const char* wait :
       {"no_worker_knows", "waits_for_credit", "waits_for_limit", "waits_for_key", "waits_for_venue"}) {
    must_run(database, std::string("UPDATE ledger.job SET error_class = '") + wait + "'");
    EXPECT_THAT(named(30), SizeIs(1)) << wait;
  }
  const auto untaken = ledger::jobs::JobAdmin(connection).untaken({0}, 0, 30);
  ASSERT_TRUE(untaken && untaken->size() == 1);
  EXPECT_EQ(untaken->front().last_error + ", " + untaken->front().error_class, "some words, waits_for_venue");
  must_run(database, "UPDATE ledger.job SET last_error = NULL");
  EXPECT_THAT(named(30), SizeIs(0)) << "it has been done since";
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
  jobs.error_class = "no_worker_knows";
  EXPECT_EQ(deploy::why_untaken(jobs, {broker}), "no worker does review of vault");
  jobs.error_class = "waits_for_limit";
  jobs.last_error = "waits for a limit";
  EXPECT_EQ(deploy::why_untaken(jobs, {broker}), "it waits for a limit");
  jobs.error_class = "maintenance";
  EXPECT_EQ(deploy::why_untaken(jobs, {broker}), "no broker was told that its world time has come");
  jobs.error_class.clear();
  jobs.last_error.clear();
  broker.world_now = {1000};
  EXPECT_EQ(deploy::why_untaken(jobs, {broker}), "not known: see the broker's log");
  broker.limits = {{"venue", "paper/main", 3, 0, 10, "5/s"}};
  EXPECT_EQ(deploy::why_untaken(jobs, {broker}), "perhaps the limit venue (5/s)");
}

}  // namespace
}  // namespace tests
