// Looking ahead: to the first close with something to do, never past the one that others may wait for.
#include "workers/harness/look_ahead.hpp"

#include "ledger/store/connection.hpp"
#include "tests/brokers/service/party.hpp"

namespace workers::harness {
namespace {

using namespace tests;
using handlers::Commit;
using handlers::Decision;
using handlers::GiveUp;
using ledger::journal::Facts;
using machines::Fate;
using machines::Instant;
using machines::LeasedJob;

Instant close(int bar) { return Instant{bar * machines::hours(1).us} - machines::milliseconds(1); }

ReadFacts reader_of(ledger::journal::Journal& journal) {
  return [&journal](std::span<const LeasedJob> jobs) { return journal.facts(jobs); };
}

Decision rearmed(const LeasedJob& job, const Facts& facts) {
  Commit commit{handlers::step_for(job, facts, Fate::rearmed), std::nullopt};
  commit.step.rearm_at = machines::next_bar_close(job.world_at);
  return commit;
}

class LookAheadTest : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_POSTGRES();
    party_ = std::make_unique<Party>();
    party_->seed(2, "turn");
  }

  // Both drills' timers at the close of bar 1; `busy` has more to do than to be re-armed where it says so.
  LookAhead look(Instant alone_until, const std::function<bool(const LeasedJob&)>& busy) {
    ledger::Connection connection(party_->owner_dsn());
    ledger::journal::Journal journal(connection);
    std::vector<LeasedJob> jobs(2);
    for (int i = 0; i < 2; ++i) {
      jobs[static_cast<std::size_t>(i)].key = {{1}, {i + 1}, 1, 0};
      jobs[static_cast<std::size_t>(i)].world_at = close(1);
    }
    const auto ask = [&](const LeasedJob& job, const Facts& facts) {
      asked_.push_back(job.world_at);
      return busy(job) ? Decision{GiveUp{}} : rearmed(job, facts);
    };
    auto seen = look_ahead(reader_of(journal), ask, jobs, alone_until, 64);
    EXPECT_TRUE(seen) << seen.error().text;
    return std::move(*seen);
  }

  std::unique_ptr<Party> party_;
  std::vector<Instant> asked_;
};

bool idle(const LeasedJob&) { return false; }

TEST_F(LookAheadTest, GoesToTheFirstCloseWithSomethingToDo) {
  const auto seen = look(close(60), [](const LeasedJob& job) { return job.world_at == close(23); });
  EXPECT_EQ(seen.at, close(23));
  ASSERT_EQ(seen.facts.size(), 2);
  EXPECT_TRUE(seen.facts[0] && seen.facts[1]);
  EXPECT_EQ(asked_.back(), close(23));
}

TEST_F(LookAheadTest, OneBusyJobStopsAllOfThem) {
  const auto seen =
      look(close(60), [](const LeasedJob& job) { return job.key.instance.value == 2 && job.world_at == close(5); });
  EXPECT_EQ(seen.at, close(5));
}

TEST_F(LookAheadTest, EveryCloseOnTheWayIsLookedAt) {
  (void)look(close(60), [](const LeasedJob& job) { return job.world_at == close(40); });
  for (int bar = 1; bar < 40; ++bar) EXPECT_EQ(std::count(asked_.begin(), asked_.end(), close(bar)), 2) << bar;
}

TEST_F(LookAheadTest, StopsBeforeWhatOthersMayWaitFor) {
  EXPECT_EQ(look(close(9), idle).at, close(9));
  EXPECT_EQ(look(Instant{close(9).us - 1}, idle).at, close(8));
}

TEST_F(LookAheadTest, StopsAfterSoManyLooks) { EXPECT_EQ(look(close(1'000'000), idle).at, close(64)); }

// An open is nothing that it could look at: the worker asks for an order then, and the broker must know.
TEST_F(LookAheadTest, ATimerForAnotherTimeThanTheNextCloseEndsIt) {
  ledger::Connection connection(party_->owner_dsn());
  ledger::journal::Journal journal(connection);
  LeasedJob job;
  job.key = {{1}, {1}, 1, 0};
  job.world_at = close(1);
  const auto at_open = [](const LeasedJob& asked, const Facts& facts) {
    auto decision = rearmed(asked, facts);
    if (asked.world_at == close(3)) std::get<Commit>(decision).step.rearm_at = machines::next_bar_open(asked.world_at);
    return decision;
  };
  const auto seen = look_ahead(reader_of(journal), at_open, std::vector{job}, close(60), 64);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->at, close(3));
}

TEST_F(LookAheadTest, AnInstanceThatIsNotThereEndsItAtOnce) {
  (void)party_->ask("SET session_replication_role = replica; DELETE FROM ledger.instance WHERE id = 2");
  const auto seen = look(close(60), idle);
  EXPECT_EQ(seen.at, close(1));
  EXPECT_TRUE(seen.facts[0]);
  EXPECT_FALSE(seen.facts[1]);
}

}  // namespace
}  // namespace workers::harness
