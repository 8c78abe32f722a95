// tests/failover/failover_test.cpp: the primary is killed under load and a standby promoted: what a synchronous one
// guarantees, what the house says of one that lagged, and of an old primary that comes back.
#include <gmock/gmock.h>
#include <signal.h>

#include "deploy/cluster/process.hpp"
#include "tests/failover/house.hpp"
#include "tests/failover/recorder.hpp"
#include "tests/kill/undisturbed.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/server.hpp"

namespace tests::failover {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* newest_links =
    "SELECT coalesce(string_agg(format('SELECT 1 FROM ledger.link WHERE shard = %s AND seq = %s AND hash = %L', id, "
    "seq,"
    " head), ' UNION ALL '), ''), count(*) FROM ledger.shard WHERE seq > 0";
// Nobody commits while a session holds this; each commit takes its share of it first (functions/commit.sql).
constexpr ledger::SqlStatement hold_commits{"hold_commits", "SELECT pg_advisory_lock(7001, 0)"};

std::string run(const std::vector<std::string>& words) {
  deploy::ProcessSpec spec;
  spec.argv = words;
  spec.argv.insert(spec.argv.begin(), BURSAR_EXECUTABLE);
  const auto done = deploy::run_to_end(spec);
  return done ? done->exit.text + "\n" + done->output : done.error();
}

class Failover : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = no_cluster_because(); !reason.empty()) GTEST_SKIP() << reason;
    ASSERT_GT(kill::undisturbed().transitions, 100);
  }
};

TEST_F(Failover, ASynchronousStandbyLosesNothingAndDoublesNothing) {
  Server primary;
  Server standby(primary, "second");
  primary.must("CREATE DATABASE bursar");
  primary.must("CREATE TABLE public.noted (n bigint)");  // no key: what is doubled shows
  primary.demand_standby("second");
  House house(dsn_of_both(primary, standby, "bursar"));
  Recorder recorder(dsn_of_both(primary, standby, "postgres"));
  house.start();
  ASSERT_TRUE(house.reach(20)) << house.logs();
  const auto parts = house.parts();
  ASSERT_EQ(parts.size(), 5U) << "venue, broker, two workers, the watch over keys";

  // Without its standby the primary lets no commit return; with it the house goes on.
  standby.stop(SIGINT);
  EXPECT_TRUE(wait_until([&] {
    return primary.must("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')").flag(0, 0);
  }));
  standby.start();
  ASSERT_TRUE(house.reach(50)) << house.logs();

  const auto links = primary.must(newest_links, "bursar");
  const auto told = recorder.told();
  EXPECT_GT(told, 0);
  primary.stop(SIGKILL);
  standby.promote();
  EXPECT_EQ(standby.must(std::string(links.text(0, 0)), "bursar").size(), links.number(0, 1)) << "a link is missing";
  EXPECT_GE(standby.must("SELECT count(*) FROM public.noted").number(0, 0), told);
  ASSERT_TRUE(house.reach(house.transitions() + 10)) << house.logs();
  EXPECT_EQ(house.parts(), parts) << "a process was started again";
  EXPECT_TRUE(wait_until([&] { return recorder.told() > told; })) << "the recorder does not go on";
  house.expect_as_undisturbed();
  const auto stands = recorder.stop();
  const auto noted = standby.must("SELECT count(*), count(DISTINCT n), coalesce(max(n), 0) FROM public.noted");
  EXPECT_EQ(noted.number(0, 0), noted.number(0, 1)) << "doubled";
  EXPECT_EQ(noted.number(0, 1), noted.number(0, 2)) << "a gap";
  EXPECT_GE(noted.number(0, 0), stands);

  // The old primary comes back and takes writes. Alone it is refused; beside the new one it is passed over.
  primary.start();
  const std::string old_alone = primary.dsn("bursar");
  EXPECT_THAT(run({"ledger", "verify", "--data-dir", house.folder().string(), "--dsn", old_alone}),
              AllOf(HasSubstr("exit code 1"), HasSubstr("old primary"), HasSubstr("timeline 1")));
  house.start(old_alone);
  EXPECT_EQ(house.wait().code, 1);
  EXPECT_THAT(house.output(), AllOf(HasSubstr("old primary"), HasSubstr("timeline 2"), HasSubstr("replication.md")));
  house.start();
  house.expect_as_undisturbed(standby.dsn("bursar"));

  // A command by hand, too: what it orders stands in the new one alone.
  const auto paused =
      run({"pause", "all", "--why", "failed over", "--data-dir", house.folder().string(), "--dsn", house.dsn()});
  EXPECT_THAT(paused, HasSubstr("exit code 0"));
  const auto pauses = "SELECT count(*) FROM ledger.instance WHERE kind = 'control'";
  EXPECT_EQ(standby.must(pauses, "bursar").number(0, 0), 1);
  EXPECT_EQ(primary.must(pauses, "bursar").number(0, 0), 0);
}

TEST_F(Failover, AStandbyThatLaggedIsRefusedByName) {
  Server primary;
  Server standby(primary, "second");
  primary.must("CREATE DATABASE bursar");
  House house(dsn_of_both(primary, standby, "bursar"));
  house.start();
  ASSERT_TRUE(house.reach(20)) << house.logs();
  standby.stop(SIGINT);
  const auto lacks = primary.must("SELECT max(seq) FROM ledger.link", "bursar").number(0, 0) + 10;
  ASSERT_TRUE(
      wait_until([&] { return primary.must("SELECT max(seq) FROM ledger.link", "bursar").number(0, 0) > lacks; }));
  ledger::Connection gate(primary.dsn("bursar"));
  ASSERT_TRUE(gate.call(hold_commits));  // the replay must not end before the house has looked
  const auto saw_more = [&] {
    const auto seen = nlohmann::json::parse(read_text(house.folder() / "seen"), nullptr, false);
    return seen.contains("heads") && seen["heads"][0][1].get<std::int64_t>() > lacks;
  };
  ASSERT_TRUE(wait_until(saw_more)) << house.logs();
  primary.stop(SIGKILL);
  standby.start();
  standby.promote();
  const auto before = standby.must("SELECT count(*) FROM ledger.transition", "bursar").number(0, 0);

  EXPECT_EQ(house.wait().code, 1);
  EXPECT_THAT(house.output(), AllOf(HasSubstr("refused"), HasSubstr("this house has seen link"),
                                    HasSubstr("not synchronous"), HasSubstr("replication.md")));
  EXPECT_EQ(standby.must("SELECT count(*) FROM ledger.transition", "bursar").number(0, 0), before)
      << "somebody committed to it";
  EXPECT_THAT(run({"ledger", "verify", "--full", "--data-dir", house.folder().string(), "--dsn", house.dsn()}),
              AllOf(HasSubstr("exit code 1"), HasSubstr("this house has seen link"), HasSubstr("not synchronous")));
  house.start();
  EXPECT_EQ(house.wait().code, 1);
  EXPECT_THAT(house.output(), HasSubstr("this house has seen link"));

  // A person may decide that it is the truth from now on: with the memory put aside, and everything frozen first.
  for (const char* file : {"seen", "checkpoints"})
    std::filesystem::rename(house.folder() / file, house.folder() / (std::string(file) + ".aside"));
  EXPECT_THAT(
      run({"freeze", "--level", "all", "--why", "lost", "--data-dir", house.folder().string(), "--dsn", house.dsn()}),
      HasSubstr("exit code 0"));
}

}  // namespace
}  // namespace tests::failover
