// tests/deploy/telemetry/inspector_test.cpp: what the look at the whole house counts, and the file that a monitor
// reads.
#include "deploy/telemetry/inspector.hpp"

#include <gmock/gmock.h>

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
