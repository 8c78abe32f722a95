// The broker as its own process on a real PostgreSQL: steps end to end, who may say what, and what dies in between.
#include "brokers/service/service.hpp"

#include <signal.h>

#include "tests/brokers/service/party.hpp"

namespace brokers::service {
namespace {

using namespace tests;
using testing::HasSubstr;

class Service : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_POSTGRES();
    party_ = std::make_unique<Party>();
  }
  std::int64_t steps() const { return party_->number("SELECT count(*) FROM ledger.transition"); }
  // Waits until some, and not all, steps stand.
  void wait_for_the_middle() const {
    ASSERT_TRUE(wait_until([&] { return steps() > 20; }));
  }
  std::unique_ptr<Party> party_;
};

TEST_F(Service, StepsTravelEndToEnd) {
  party_->seed(20, "turn");
  const auto broker = party_->broker();
  const auto one = party_->worker("w1"), two = party_->worker("w2");
  EXPECT_TRUE(party_->all_arrive()) << broker->output() << one->output();
  party_->expect_sound(20);
}

TEST_F(Service, EagerFollowUpsArriveTheSameWay) {
  party_->seed(20, "spin");
  const auto broker = party_->broker();
  const auto one = party_->worker("w1"), two = party_->worker("w2");
  EXPECT_TRUE(party_->all_arrive()) << broker->output() << one->output();
  party_->expect_sound(20);
}

TEST_F(Service, PostgresqlKilledAndStartedAgainStopsNobody) {
  party_->seed(200, "turn");
  const auto broker = party_->broker();
  const auto one = party_->worker("w1"), two = party_->worker("w2");
  wait_for_the_middle();
  restart_postgres();
  EXPECT_TRUE(party_->all_arrive()) << broker->output() << one->output();
  EXPECT_TRUE(broker->is_running());
  EXPECT_TRUE(one->is_running());
  EXPECT_TRUE(two->is_running());
  party_->expect_sound(200);
}

TEST_F(Service, StartsBeforePostgresqlCanBeHad) {
  party_->seed(5, "turn");
  ASSERT_EQ(::kill(cluster().pid(), SIGKILL), 0);
  const auto broker = party_->broker();
  const auto worker = party_->worker("w1");
  EXPECT_TRUE(broker->wait_for_output("waiting for PostgreSQL"));
  ASSERT_TRUE(wait_until([] {
    const auto health = cluster().watch();
    return health.has_value() && *health == deploy::Health::ready;
  }));
  EXPECT_TRUE(party_->all_arrive()) << broker->output() << worker->output();
  party_->expect_sound(5);
}

TEST_F(Service, ABrokerKilledAndStartedAgainTakesOver) {
  party_->seed(200, "turn");
  auto broker = party_->broker();
  const auto one = party_->worker("w1"), two = party_->worker("w2");
  wait_for_the_middle();
  broker->send(SIGKILL);
  (void)broker->wait();
  broker = party_->broker();
  EXPECT_TRUE(party_->all_arrive()) << broker->output() << one->output();
  EXPECT_TRUE(one->is_running());
  party_->expect_sound(200);
}

TEST_F(Service, AWorkerKilledLosesNothing) {
  party_->seed(200, "spin");
  const auto broker = party_->broker();
  const auto one = party_->worker("w1"), two = party_->worker("w2");
  wait_for_the_middle();
  one->send(SIGKILL);
  EXPECT_TRUE(party_->all_arrive()) << broker->output() << two->output();
  party_->expect_sound(200);
}

TEST_F(Service, AJobThatKillsItsWorkerIsParkedAndTheOthersGoOn) {
  party_->seed(1, "abort");
  party_->seed(3, "turn");
  const auto broker = party_->broker();
  std::unique_ptr<Child> worker = party_->worker("w1");
  EXPECT_TRUE(wait_until([&] {
    if (!worker->is_running()) worker = party_->worker("w1");
    return party_->number("SELECT count(*) FROM ledger.job WHERE parked = 'kills_worker'") == 1;
  })) << broker->output();
  if (!worker->is_running()) worker = party_->worker("w1");
  EXPECT_TRUE(wait_until([&] { return steps() == 3 * (last_version - 1); })) << broker->output();
  EXPECT_EQ(party_->number("SELECT tries FROM ledger.job WHERE parked IS NOT NULL"), 0) << "deaths are no failures";
}

TEST_F(Service, AWaitedBarrierPassesWhenAllOfItIsDoneAndTellsWhatIsNext) {
  party_->seed(3, "turn", 100);
  party_->seed(1, "turn", 500);
  const auto broker = party_->broker();
  const auto worker = party_->worker("w1");
  auto client = party_->socket("client");
  const auto early = ask<schemas::Released>(client, schemas::Release{{99}});
  ASSERT_TRUE(early) << broker->output();
  EXPECT_EQ(*early, (schemas::Released{{99}, false, {}, "", {100}, {0}, {0}}));
  EXPECT_EQ(steps(), 0);
  const auto first = ask<schemas::Released>(client, schemas::Release{{100}, {}});
  ASSERT_TRUE(first) << broker->output();
  EXPECT_EQ(*first, (schemas::Released{{100}, false, {}, "", {500}, {0}, {0}}));
  EXPECT_EQ(steps(), 3 * (last_version - 1));
  const auto last = ask<schemas::Released>(client, schemas::Release{{500}});
  ASSERT_TRUE(last) << broker->output();
  EXPECT_EQ(last->next_due.us, INT64_MAX);
  party_->expect_sound(4);
}

TEST_F(Service, AParkedJobStallsTheBarrierWithItsReason) {
  party_->seed(1, "wait", 100);
  const auto broker = party_->broker();
  const auto worker = party_->worker("w1");
  auto client = party_->socket("client");
  const auto released = ask<schemas::Released>(client, schemas::Release{{100}});
  ASSERT_TRUE(released) << broker->output() << worker->output();
  EXPECT_TRUE(released->stalled);
  EXPECT_EQ(released->reason, "not yet");
  EXPECT_EQ(party_->number("SELECT tries FROM ledger.job"), 5) << "tried as often as it may be, then parked";
}

// PostgreSQL refuses such a step, always. Not its neighbours in the same commit, and not for ever.
TEST_F(Service, AStepThatPostgresqlRefusesSinksItselfAlone) {
  party_->seed(10, "turn");
  party_->seed(1, "bad");
  party_->seed(10, "turn");
  const auto broker = party_->broker();
  const auto worker = party_->worker("w1");
  EXPECT_TRUE(wait_until([&] {
    return party_->number("SELECT count(*) FROM ledger.job WHERE parked IS NOT NULL") == 1;
  })) << broker->output()
      << worker->output();
  EXPECT_TRUE(wait_until([&] { return steps() == 20 * (last_version - 1); })) << worker->output();
}

TEST_F(Service, AnEventIsSubmittedOnceAndOnlyToALiveInstance) {
  party_->seed(1, "turn", 1'000'000);
  const auto broker = party_->broker();
  auto client = party_->socket("client");
  for (int i = 0; i < 2; ++i) {
    const auto accepted = ask<schemas::Submitted>(client, schemas::Submit{{1}, {1}, "nudge", {2'000'000}});
    ASSERT_TRUE(accepted) << broker->output();
    EXPECT_EQ(accepted->answer, schemas::SubmitAnswer::accepted) << accepted->reason;
  }
  EXPECT_EQ(party_->number("SELECT count(*) FROM ledger.job WHERE is_event"), 1);
  const auto refused = ask<schemas::Submitted>(client, schemas::Submit{{1}, {99}, "nudge", {0}});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->answer, schemas::SubmitAnswer::no_such_instance);
}

TEST_F(Service, AWorkersWordsFromAClientsKeyAreRefusedAndCounted) {
  party_->seed(3, "turn");
  const auto broker = party_->broker();
  auto client = party_->socket("client");
  const auto before = ask<schemas::BrokerView>(client, schemas::Query{});
  ASSERT_TRUE(before) << broker->output();
  schemas::Ready ready;
  ready.worker = "impostor";
  ready.capabilities = {{"drill", 1, {}}};
  const std::vector<schemas::Message> words{ready, schemas::Heartbeat{}, schemas::Done{}, schemas::Failed{},
                                            schemas::Goodbye{}};
  for (const auto& word : words) {
    const auto refused = ask<schemas::Refused>(client, word);
    ASSERT_TRUE(refused);
    EXPECT_THAT(refused->reason, HasSubstr("role"));
  }
  const auto after = ask<schemas::BrokerView>(client, schemas::Query{});
  ASSERT_TRUE(after);
  EXPECT_EQ(after->refused_peers - before->refused_peers, static_cast<std::int64_t>(words.size()));
  EXPECT_TRUE(after->workers.empty());
  EXPECT_EQ(after->dispatched, 0);
}

TEST_F(Service, AClientsWordsFromAWorkersOrApproversKeyAreRefused) {
  party_->seed(1, "turn", 100);
  const auto broker = party_->broker();
  for (const char* who : {"worker", "approver"}) {
    auto socket = party_->socket(who);
    EXPECT_TRUE(ask<schemas::Refused>(socket, schemas::Release{{100}})) << who;
    EXPECT_TRUE(ask<schemas::Refused>(socket, schemas::Submit{{1}, {1}, "nudge", {0}})) << who;
    EXPECT_TRUE(ask<schemas::Refused>(socket, schemas::Assign{})) << who;
  }
  EXPECT_EQ(party_->number("SELECT count(*) FROM ledger.job"), 1);
  auto approver = party_->socket("approver");
  EXPECT_TRUE(ask<schemas::BrokerView>(approver, schemas::Query{})) << "looking is everybody's right";
}

TEST_F(Service, WorldTimeIsReleasedByTheFeedsRoleAlone) {
  party_->seed(1, "wait", 100);
  const auto broker = party_->broker();
  auto person = party_->socket("operator");
  const auto refused = ask<schemas::Refused>(person, schemas::Release{{100}});
  ASSERT_TRUE(refused) << broker->output();
  EXPECT_THAT(refused->reason, HasSubstr("role"));
  EXPECT_TRUE(ask<schemas::BrokerView>(person, schemas::Query{})) << "an operator may look";
  EXPECT_TRUE(ask<schemas::Submitted>(person, schemas::Submit{{1}, {1}, "nudge", {200}})) << "and submit";
}

TEST_F(Service, AStrangersKeyIsRefusedAndCounted) {
  const auto broker = party_->broker();
  auto client = party_->socket("client");
  const auto before = ask<schemas::BrokerView>(client, schemas::Query{});
  ASSERT_TRUE(before) << broker->output();
  auto stranger = party_->socket("stranger");
  EXPECT_TRUE(wait_until([&] {
    const auto view = ask<schemas::BrokerView>(client, schemas::Query{});
    return view && view->refused_peers > before->refused_peers;
  }));
  EXPECT_NE(stranger.send("let me in"), wire::SendResult::sent);
}

TEST_F(Service, UnreadableBytesAreCountedAndHurtNobody) {
  const auto broker = party_->broker();
  auto client = party_->socket("client");
  const auto before = ask<schemas::BrokerView>(client, schemas::Query{});
  ASSERT_TRUE(before) << broker->output();
  for (const std::string& rubbish : {std::string("\xff\xff\xff"), std::string(), std::string(100'000, 'x')})
    EXPECT_EQ(client.send(rubbish), wire::SendResult::sent);
  const auto after = ask<schemas::BrokerView>(client, schemas::Query{});
  ASSERT_TRUE(after);
  EXPECT_EQ(after->refused_peers - before->refused_peers, 3);
}

TEST_F(Service, ToldToStopItEndsWithZeroAndLosesNothing) {
  party_->seed(200, "turn");
  auto broker = party_->broker();
  const auto worker = party_->worker("w1");
  wait_for_the_middle();
  broker->send(SIGTERM);
  EXPECT_EQ(broker->wait().code, 0) << broker->output();
  broker = party_->broker();
  EXPECT_TRUE(party_->all_arrive()) << broker->output() << worker->output();
  party_->expect_sound(200);
}

TEST_F(Service, ALimitHoldsJobsBackSaysSoAndLosesNone) {
  party_->seed(12, "slow");
  const auto broker = party_->broker();
  const auto worker = party_->worker("w1");
  auto client = party_->socket("client");
  std::optional<schemas::BrokerView> view;
  EXPECT_TRUE(wait_until([&] {
    view = ask<schemas::BrokerView>(client, schemas::Query{});
    return view && !view->limits.empty();
  })) << broker->output();
  ASSERT_THAT(view->limits, testing::SizeIs(1));
  EXPECT_EQ(view->limits[0].name, "slow-ones");
  EXPECT_EQ(view->limits[0].cap, "5/s");
  EXPECT_GT(view->limits[0].waiting, 0);
  EXPECT_TRUE(party_->all_arrive()) << broker->output() << worker->output();
  view = ask<schemas::BrokerView>(client, schemas::Query{});
  ASSERT_TRUE(view);
  EXPECT_THAT(view->limits, testing::IsEmpty());
  party_->expect_sound(12);
}

// With no worker the broker claims nothing; with one, what waits for its limit is in the broker's memory.
TEST_F(Service, ACancelledJobIsDroppedFromTheBrokersMemory) {
  party_->seed(50, "slow");
  const auto broker = party_->broker();
  const auto worker = party_->worker("w1");
  auto client = party_->socket("client");
  EXPECT_TRUE(wait_until([&] {
    const auto view = ask<schemas::BrokerView>(client, schemas::Query{});
    return view && !view->limits.empty();
  })) << broker->output();
  (void)party_->ask(
      "DELETE FROM ledger.job WHERE instance = 50; UPDATE ledger.instance SET is_final = true WHERE id = 50");
  const schemas::Cancel cancel{{{1}, {50}, 1, 0}};
  const auto first = ask<schemas::Cancelled>(client, cancel);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->result, schemas::CancelResult::dropped);
  const auto second = ask<schemas::Cancelled>(client, cancel);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->result, schemas::CancelResult::unknown);
  EXPECT_EQ(party_->number("SELECT count(*) FROM ledger.job WHERE instance = 50"), 0);
}

TEST(BrokerConfig, SaysWhatIsWrong) {
  BrokerConfig config;
  EXPECT_THAT(config.validate(), HasSubstr("endpoint"));
  config.endpoint = "ipc:///nowhere";
  EXPECT_THAT(config.validate(), HasSubstr("dsn"));
  config.dsn = "host=/nowhere";
  EXPECT_THAT(config.validate(), HasSubstr("keys"));
  config.keys = wire::make_keys();
  EXPECT_EQ(config.validate(), "");
  config.rules.ttl_us = config.rules.heartbeat_us;
  EXPECT_THAT(config.validate(), HasSubstr("ttl"));
  const std::atomic<bool> stop = false;
  EXPECT_EQ(run(config, stop), 2);
}

}  // namespace
}  // namespace brokers::service
