// tests/failover/degradation_test.cpp: one replay on a PostgreSQL that restarts, refuses, takes no writes, is slow and
// freezes: every part of the house waits and goes on, none is started again, and the result is an undisturbed run's.
#include <gmock/gmock.h>
#include <signal.h>

#include <vector>

#include "tests/failover/house.hpp"
#include "tests/kill/undisturbed.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/server.hpp"

namespace tests::failover {
namespace {

// What a statement may take here: a frozen server is given up 5 s later.
constexpr const char* short_timeout = " options='-c statement_timeout=2s'";

constexpr const char* end_sessions =
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'bursar' AND pid <> "
    "pg_backend_pid()";
constexpr ledger::SqlStatement hold_commits{"hold_commits", "SELECT pg_advisory_lock(7001, 0)"};
constexpr ledger::SqlStatement stay{"stay", "SELECT 1", false};

class Degradation : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = no_cluster_because(); !reason.empty()) GTEST_SKIP() << reason;
    ASSERT_GT(kill::undisturbed().transitions, 100);
    server_.must("CREATE DATABASE bursar");
    house_.start();
    ASSERT_TRUE(house_.reach(20)) << house_.logs();  // the openings, what was put on record, and some of the work
    parts_ = house_.parts();
    ASSERT_EQ(parts_.size(), 5U) << "venue, broker, two workers, the watch over keys";
  }

  // Does it, waits until the broker has felt it and said so, undoes it, and sees the house go on.
  template <class Do, class Undo>
  void disturb(const char* what, const std::string& felt, const Do& make, const Undo& undo) {
    SCOPED_TRACE(what);
    const auto from = house_.broker_log_size();
    make();
    EXPECT_TRUE(house_.broker_says(felt, from)) << "felt nothing of it\n" << house_.logs();
    undo();
    const auto stands = house_.transitions();
    ASSERT_TRUE(house_.reach(stands + 5)) << house_.logs();
    EXPECT_EQ(house_.parts(), parts_) << "a process was started again\n" << house_.logs();
  }

  Server server_{{{"max_connections", "25"}}};
  House house_{server_.dsn("bursar") + short_timeout};
  std::vector<pid_t> parts_;
};

TEST_F(Degradation, TheServerStopsAndRefuses) {
  const auto start = [&] { server_.start(); };
  disturb(
      "restarts fast", "PostgreSQL", [&] { server_.stop(SIGINT); }, start);
  disturb(
      "restarts at once", "PostgreSQL", [&] { server_.stop(SIGQUIT); }, start);
  disturb(
      "is down", "waiting for PostgreSQL", [&] { server_.stop(SIGKILL); }, start);

  const std::string reject = "local bursar all reject";
  disturb(
      "rejects by pg_hba.conf", "pg_hba.conf",
      [&] {
        server_.add_to_hba(reject);
        server_.must(end_sessions);
      },
      [&] { server_.take_from_hba(reject); });

  std::vector<ledger::Connection> hogs;
  disturb(
      "has no connection left", "too many clients",
      [&] {
        hogs.emplace_back(server_.dsn("postgres"));
        ASSERT_TRUE(hogs[0].call(stay));
        const ledger::SqlStatement end_them{"end_them", end_sessions, false};
        // Who is ended comes back at once: until nobody does.
        EXPECT_TRUE(wait_until([&] {
          hogs.emplace_back(server_.dsn("postgres"));
          const bool is_full = !hogs.back().call(stay);
          (void)hogs[0].call(end_them);
          return is_full &&
                 hogs[0].call({"left", "SELECT 1 FROM pg_stat_activity WHERE datname = 'bursar'", false})->empty();
        }));
      },
      [&] { hogs.clear(); });
  house_.expect_as_undisturbed();
}

TEST_F(Degradation, TheServerTakesNoWritesIsSlowAndFreezes) {
  disturb(
      "is read-only", "read-only",
      [&] {
        server_.must("ALTER SYSTEM SET default_transaction_read_only = on");
        server_.must("SELECT pg_reload_conf()");
      },
      [&] {
        server_.must("ALTER SYSTEM RESET default_transaction_read_only");
        server_.must("SELECT pg_reload_conf()");
      });

  // Nothing of a commit comes back within its time; nor does anything that waits behind it.
  std::unique_ptr<ledger::Connection> holder;
  const auto worker_gives_up = "SELECT EXISTS (SELECT FROM ledger.job WHERE tries > 0 OR parked IS NOT NULL)";
  holder = std::make_unique<ledger::Connection>(server_.dsn("bursar"));
  ASSERT_TRUE(holder->call(hold_commits));
  const auto waits = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND classid = 7001 AND NOT granted";
  EXPECT_TRUE(wait_until([&] { return server_.must(waits, "bursar").flag(0, 0); }));
  EXPECT_TRUE(wait_until([&] { return !server_.must(waits, "bursar").flag(0, 0); })) << "no statement was ever ended";
  EXPECT_FALSE(server_.must(worker_gives_up, "bursar").flag(0, 0)) << "slow is nobody's fault";
  holder.reset();
  ASSERT_TRUE(house_.reach(house_.transitions() + 5)) << house_.logs();
  EXPECT_EQ(house_.parts(), parts_);

  // A frozen server neither answers nor closes: only our own clock tells.
  disturb(
      "freezes", "PostgreSQL", [&] { server_.send(SIGSTOP); }, [&] { server_.send(SIGCONT); });
  house_.expect_as_undisturbed();
}

}  // namespace
}  // namespace tests::failover
