// tests/brokers/service/failover_test.cpp: several brokers as processes of their own on a real PostgreSQL: who serves
// which shard, and what happens when one dies, stops, sleeps, or loses its place. The order of things, never a time.
#include <signal.h>

#include <filesystem>

#include "brokers/service/service.hpp"
#include "tests/brokers/service/party.hpp"
#include "tests/support/folder.hpp"

namespace brokers::service {
namespace {

using namespace tests;
using testing::HasSubstr;

constexpr int owners = 4, drills_each = 50;

class Brokers : public testing::Test {
 protected:
  void SetUp() override { NEEDS_POSTGRES(); }

  void begin(int brokers, const std::string& command = "turn") {
    party_ = std::make_unique<Party>(brokers);
    for (int owner = 1; owner <= owners; ++owner) party_->seed(drills_each, command, 0, owner);
  }
  [[nodiscard]] std::int64_t steps() const { return party_->number("SELECT count(*) FROM ledger.transition"); }
  void wait_for_the_middle() const {
    ASSERT_TRUE(wait_until([&] { return steps() > 100; }));
    ASSERT_LT(steps(), owners * drills_each * (last_version - 1)) << "it ended before anything could happen";
  }
  // Shards that a broker holds by its seat and lease, as PostgreSQL sees it.
  [[nodiscard]] std::int64_t held_by(int number) const {
    return party_->number(
        "SELECT coalesce(sum(cardinality(shards)), 0)::bigint FROM ledger.seats() WHERE lease_ms > 0 AND "
        "broker = 'broker-" +
        std::to_string(number) + "'");
  }
  [[nodiscard]] std::int64_t sum_of_epochs() const {
    return party_->number("SELECT sum(epoch)::bigint FROM ledger.shard");
  }
  void expect_the_end() const {
    EXPECT_TRUE(party_->all_arrive());
    party_->expect_sound(owners * drills_each);
  }
  std::unique_ptr<Party> party_;
};

TEST_F(Brokers, ShareTheShardsEvenlyAndAllOfThemAreServed) {
  begin(3);
  const auto one = party_->broker(1'000, 1);
  ASSERT_TRUE(wait_until([&] { return held_by(1) == owners; })) << one->output();
  const auto two = party_->broker(1'000, 2), three = party_->broker(1'000, 3);
  EXPECT_TRUE(wait_until([&] {
    return held_by(1) + held_by(2) + held_by(3) == owners && held_by(1) <= 2 && held_by(2) >= 1 && held_by(3) >= 1;
  })) << one->output()
      << two->output() << three->output();
  const auto w1 = party_->worker("w1"), w2 = party_->worker("w2");
  expect_the_end();
}

// Its jobs wait for a rate, and for a worker that may never come: the other broker's workers could do them.
TEST_F(Brokers, AShardWhoseJobsOnlyWaitMovesOnAllTheSame) {
  party_ = std::make_unique<Party>(2);
  for (int owner = 1; owner <= owners; ++owner) party_->seed(10, "slow", 0, owner);
  const auto one = party_->broker(1'000, 1);
  auto worker = party_->worker("w1");
  ASSERT_TRUE(wait_until([&] { return steps() > 0; })) << one->output();
  worker->send(SIGKILL);
  (void)worker->wait();
  for (int shard = 0; shard < owners; ++shard)
    ASSERT_GT(
        party_->number("SELECT count(*) FROM ledger.job WHERE token IS NOT NULL AND shard = " + std::to_string(shard)),
        0)
        << "some wait at the broker";
  const auto two = party_->broker(1'000, 2);
  EXPECT_TRUE(wait_until([&] { return held_by(1) == 2 && held_by(2) == 2; })) << one->output() << two->output();
  worker = party_->worker("w2");
  EXPECT_TRUE(party_->all_arrive()) << one->output() << two->output();
  party_->expect_sound(owners * 10);
}

TEST_F(Brokers, AKilledOnesShardsMoveToTheOtherAndNothingIsLost) {
  begin(2);
  const auto one = party_->broker(1'000, 1), two = party_->broker(1'000, 2);
  ASSERT_TRUE(wait_until([&] { return held_by(1) == 2 && held_by(2) == 2; })) << one->output() << two->output();
  const auto w1 = party_->worker("w1"), w2 = party_->worker("w2"), w3 = party_->worker("w3");
  wait_for_the_middle();
  const std::int64_t before = sum_of_epochs();
  one->send(SIGKILL);
  (void)one->wait();
  const auto died = std::chrono::steady_clock::now();
  EXPECT_TRUE(wait_until([&] { return held_by(2) == owners; })) << two->output();
  const auto moved = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - died);
  RecordProperty("moved_after_ms", std::to_string(moved.count()));
  expect_the_end();
  EXPECT_GT(sum_of_epochs(), before) << "what it leased is dead";
}

TEST_F(Brokers, ACleanStopHandsItsShardsOver) {
  begin(2);
  const auto one = party_->broker(1'000, 1), two = party_->broker(1'000, 2);
  ASSERT_TRUE(wait_until([&] { return held_by(1) == 2 && held_by(2) == 2; })) << one->output() << two->output();
  const auto w1 = party_->worker("w1"), w2 = party_->worker("w2");
  wait_for_the_middle();
  one->send(SIGTERM);
  EXPECT_EQ(one->wait().code, 0) << one->output();
  EXPECT_EQ(party_->number("SELECT count(*) FROM ledger.seats()"), 1) << "it left its seat";
  expect_the_end();
  EXPECT_EQ(held_by(2), owners);
}

// It slept past its lease: what it believed when it wakes is refused, and it starts over with what is free for it.
TEST_F(Brokers, OneThatSleptPastItsLeaseStartsOver) {
  begin(2);
  const auto one = party_->broker(1'000, 1), two = party_->broker(1'000, 2);
  ASSERT_TRUE(wait_until([&] { return held_by(1) == 2 && held_by(2) == 2; })) << one->output() << two->output();
  const auto w1 = party_->worker("w1"), w2 = party_->worker("w2");
  wait_for_the_middle();
  one->send(SIGSTOP);
  EXPECT_TRUE(wait_until([&] { return held_by(2) == owners; })) << two->output();
  one->send(SIGCONT);
  EXPECT_TRUE(one->wait_for_output("taking a seat anew")) << one->output();
  expect_the_end();
  EXPECT_TRUE(wait_until([&] { return held_by(1) == 2 && held_by(2) == 2; })) << one->output() << two->output();
}

TEST_F(Brokers, WorkersAndBrokersDieInTurnAndEachStepIsPaidOnce) {
  begin(3, "spin");
  std::unique_ptr<Child> brokers[] = {party_->broker(1'000, 1), party_->broker(1'000, 2), party_->broker(1'000, 3)};
  std::unique_ptr<Child> workers[] = {party_->worker("w1"), party_->worker("w2"), party_->worker("w3")};
  for (int turn = 0; turn < 3; ++turn) {
    const std::int64_t before = steps();
    if (!wait_until([&] { return steps() > before + 50; }, std::chrono::seconds(20))) break;
    brokers[turn]->send(SIGKILL);
    workers[turn]->send(SIGKILL);
    (void)brokers[turn]->wait();
    (void)workers[turn]->wait();
    brokers[turn] = party_->broker(1'000, turn + 1);
    workers[turn] = party_->worker("w" + std::to_string(turn + 1));
  }
  expect_the_end();
}

TEST_F(Brokers, ABarrierHasPassedOnceTheAnswersCoverEveryShard) {
  party_ = std::make_unique<Party>(2);
  for (int owner = 1; owner <= 2; ++owner) party_->seed(3, "turn", 100, owner);
  const auto one = party_->broker(1'000, 1), two = party_->broker(1'000, 2);
  ASSERT_TRUE(wait_until([&] { return held_by(1) == 1 && held_by(2) == 1; })) << one->output() << two->output();
  const auto w1 = party_->worker("w1");
  std::set<int> covered;
  for (int number = 1; number <= 2; ++number) {
    auto client = party_->socket("client", number);
    const auto released = ask<schemas::Released>(client, schemas::Release{{100}, {{{150}, {200}}}});
    ASSERT_TRUE(released);
    EXPECT_EQ(released->world_at.us, 100) << "where others hold shards, world time does not go on by itself";
    EXPECT_EQ(released->live, (std::vector<int>{0, 1}));
    EXPECT_EQ(released->shards.size(), 1);
    covered.insert(released->shards.begin(), released->shards.end());
  }
  EXPECT_EQ(covered, (std::set<int>{0, 1}));
  party_->expect_sound(6);
}

TEST_F(Brokers, ASecondOneOfTheSameNameTakesThePlaceOfTheFirst) {
  begin(1);
  const auto first = party_->broker(1'000, 1);
  ASSERT_TRUE(wait_until([&] { return held_by(1) == owners; })) << first->output();
  (void)party_->ask("SELECT ledger.take_seat('broker-1', 'ipc:///elsewhere', 'key', 60000)");
  EXPECT_EQ(first->wait().code, 1);
  EXPECT_THAT(first->output(), HasSubstr("names must differ"));
}

TEST_F(Brokers, WhilePostgresqlIsAwayClientsAreToldWhenToAskAgain) {
  begin(1);
  const auto broker = party_->broker();
  auto client = party_->socket("client");
  ASSERT_TRUE(ask<schemas::BrokerView>(client, schemas::Query{})) << broker->output();
  ASSERT_EQ(::kill(cluster().pid(), SIGKILL), 0);
  // Whichever call finds it away first: from then on everybody is told.
  ASSERT_TRUE(broker->wait_for_output("waiting for PostgreSQL")) << broker->output();
  for (const schemas::Message& question :
       {schemas::Message(schemas::Release{{100}}), schemas::Message(schemas::Submit{{1}, {1}, "nudge", {0}})}) {
    const auto refused = ask<schemas::Refused>(client, question);
    ASSERT_TRUE(refused) << broker->output();
    EXPECT_THAT(refused->reason, HasSubstr("unavailable"));
    EXPECT_GT(refused->retry_after_ms, 0);
  }
  const auto view = ask<schemas::BrokerView>(client, schemas::Query{});
  ASSERT_TRUE(view);
  EXPECT_NE(view->waits_for, "");
  ASSERT_TRUE(wait_until([] {
    const auto health = cluster().watch();
    return health.has_value() && *health == deploy::Health::ready;
  }));
  EXPECT_TRUE(wait_until([&] { return held_by(1) == owners; })) << broker->output();
}

// Cut off from PostgreSQL, but not from the broker: its jobs must not wait for it.
TEST_F(Brokers, AWorkerThatCanNotReachPostgresqlHandsItsJobsBack) {
  begin(1);
  // Its own way to PostgreSQL's socket, which can be taken away.
  const TempFolder folder;
  const auto way = folder.path() / "way", aside = folder.path() / "aside";
  std::filesystem::create_directory_symlink(std::string(party_->ask("SHOW unix_socket_directories").text(0, 0)), way);
  const auto broker = party_->broker(500);
  const auto lonely = party_->worker("lonely", party_->service_dsn() + " application_name=lonely host=" + way.string());
  wait_for_the_middle();
  std::filesystem::rename(way, aside);
  (void)party_->ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lonely'");
  EXPECT_TRUE(lonely->wait_for_output("the jobs go back to the brokers")) << lonely->output();
  const auto able = party_->worker("able");
  expect_the_end();
  std::filesystem::rename(aside, way);
  EXPECT_TRUE(lonely->wait_for_output("PostgreSQL is back")) << lonely->output();
  auto client = party_->socket("client");
  EXPECT_TRUE(wait_until([&] {
    const auto view = ask<schemas::BrokerView>(client, schemas::Query{});
    return view && view->workers.size() == 2;
  })) << lonely->output();
}

// The server answers, and takes no writes: as bad as away, until it does again.
TEST_F(Brokers, AReadOnlyPostgresqlIsWaitedFor) {
  begin(1);
  const std::string database = party_->ask("SELECT current_database()").text(0, 0).data();
  (void)party_->ask("ALTER DATABASE " + database + " SET default_transaction_read_only = on");
  const auto broker = party_->broker();
  const auto worker = party_->worker("w1");
  EXPECT_TRUE(broker->wait_for_output("waiting for PostgreSQL")) << broker->output();
  (void)must_run("postgres", "ALTER DATABASE " + database + " RESET default_transaction_read_only");
  expect_the_end();
}

}  // namespace
}  // namespace brokers::service
