// tests/kill/commit_test.cpp: death around a commit: after it stood and before anybody was told, while it is under way,
// and with the order on its way out.
#include <gmock/gmock.h>
#include <signal.h>

#include "tests/kill/gate.hpp"
#include "tests/kill/undisturbed.hpp"
#include "tests/support/cluster.hpp"

namespace tests::kill {
namespace {

// Which commit is caught: the command of its job, the state of the machine that it moves, and what else must hold.
struct Moment {
  const char* name;
  const char* command;
  const char* state;
  const char* condition = "true";
  int look_ahead_bars = 64;
};
void PrintTo(const Moment& moment, std::ostream* out) { *out << moment.name; }

// Most evaluations only re-arm their timer. This one buys: the close is 1.26 % above that of an hour ago, 0.3 % above
// that of four hours ago.
constexpr const char* signals_entry =
    "EXISTS (SELECT FROM ledger.bar n, ledger.bar h, ledger.bar f WHERE n.opens_at = j.world_at + 1000 - 3600000000"
    " AND h.opens_at = n.opens_at - 3600000000 AND f.opens_at = n.opens_at - 14400000000"
    " AND n.close > 1.0126 * h.close AND n.close > 1.003 * f.close)";
// Looked at bar by bar, so that the job's own time tells it; the undisturbed run looks ahead.
constexpr Moment entry{"Entry", "evaluate", "watching", signals_entry, 1};
constexpr Moment send{"Send", "place_order", "drafted"};
constexpr Moment accept{"Accept", "place_order", "sent"};
constexpr Moment fill{"Fill", "query_order", "resting"};

class KillAround : public testing::TestWithParam<Moment> {
 protected:
  void SetUp() override {
    if (const auto reason = no_cluster_because(); !reason.empty()) GTEST_SKIP() << reason;
    ASSERT_GT(undisturbed().transitions, 100);
    house_.start();
    ASSERT_TRUE(house_.reach(20)) << house_.logs();
  }

  // Both: which one has the job is not known from outside.
  void workers(int signal_number) {
    for (const char* worker : {"worker-1", "worker-2"}) ASSERT_TRUE(house_.strike(worker, signal_number));
  }

  House house_{config_text() + "[workers]\nlook_ahead_bars = " + std::to_string(GetParam().look_ahead_bars) + "\n"};
};

// The commit stood, DONE was never sent: the step must be known by its key and never be done again.
TEST_P(KillAround, WorkerDiesBetweenCommitAndDone) {
  Gate gate(house_);
  ASSERT_TRUE(gate.catch_commit(GetParam().command, GetParam().state, GetParam().condition));
  workers(SIGSTOP);
  const auto before = house_.transitions();
  gate.let_pass();
  ASSERT_GT(house_.transitions(), before) << "the commit did not stand";
  workers(SIGKILL);
  gate.open();
  expect_as_undisturbed(house_);
}

// Nobody waits for the commit's answer any more; it stands, or its token is void: either is right, both at once never.
TEST_P(KillAround, WorkerDiesWhileItsCommitIsUnderWay) {
  Gate gate(house_);
  ASSERT_TRUE(gate.catch_commit(GetParam().command, GetParam().state, GetParam().condition));
  workers(SIGKILL);
  gate.open();
  expect_as_undisturbed(house_);
}

// The same, and the job has been given back before the orphaned commit goes on: its token proves nothing any more.
TEST_P(KillAround, OrphanedCommitOfAJobThatWasGivenBackIsRefused) {
  Gate gate(house_);
  ASSERT_TRUE(gate.catch_commit(GetParam().command, GetParam().state, GetParam().condition));
  const auto before = house_.transitions();
  workers(SIGKILL);
  ASSERT_TRUE(house_.comes_true("SELECT EXISTS (SELECT FROM ledger.job WHERE last_error LIKE 'its worker%')"));
  EXPECT_EQ(house_.transitions(), before);
  gate.open();
  expect_as_undisturbed(house_);
}

class KillOthersAround : public KillAround {};

TEST_P(KillOthersAround, PostgresDiesInTheMiddleOfACommit) {
  {
    Gate gate(house_);
    ASSERT_TRUE(gate.catch_commit(GetParam().command, GetParam().state, GetParam().condition));
    ASSERT_TRUE(house_.strike("postmaster", SIGKILL));
    house_.send("backends", SIGKILL);
  }
  expect_as_undisturbed(house_);
}

TEST_P(KillOthersAround, BrokerDiesWhileACommitIsUnderWay) {
  Gate gate(house_);
  ASSERT_TRUE(gate.catch_commit(GetParam().command, GetParam().state, GetParam().condition));
  ASSERT_TRUE(house_.strike("broker", SIGKILL));
  gate.open();
  expect_as_undisturbed(house_);
}

INSTANTIATE_TEST_SUITE_P(Commit, KillAround, testing::Values(entry, send, accept, fill),
                         [](const auto& suite) { return suite.param.name; });
INSTANTIATE_TEST_SUITE_P(Commit, KillOthersAround, testing::Values(entry, send),
                         [](const auto& suite) { return suite.param.name; });

}  // namespace
}  // namespace tests::kill
