// The worker as its own process: draining, registration, and what it does when its partners come and go.
#include "workers/harness/harness.hpp"

#include <signal.h>

#include <filesystem>
#include <thread>

#include "brokers/wire/keys.hpp"
#include "brokers/wire/zap.hpp"
#include "tests/brokers/service/party.hpp"
#include "workers/harness/executor.hpp"

namespace workers::harness {
namespace {

using namespace tests;
using testing::HasSubstr;

constexpr int patient_ms = 600'000;  // a worker that waits for PostgreSQL is silent, and not dead

class Harness : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_POSTGRES();
    party_ = std::make_unique<Party>();
  }
  std::int64_t count(const std::string& where) const {
    return party_->number("SELECT count(*) FROM ledger.job WHERE " + where);
  }
  std::unique_ptr<Party> party_;
};

// Holds the instances' table, so that a worker's next look at its facts waits, until let go.
class Pause {
 public:
  explicit Pause(const Party& party) : party_(party) {
    (void)gate_.call(close_);
    holder_ = std::thread([this] {
      (void)party_.ask("LOCK TABLE ledger.instance IN ACCESS EXCLUSIVE MODE; SELECT pg_advisory_xact_lock(42)");
    });
    EXPECT_TRUE(wait_until([&] {
      return party_.number("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") > 0;
    }));
  }
  ~Pause() { let_go(); }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
  // Leased is not yet received: whoever waits here has begun.
  [[nodiscard]] bool holds_somebody() const {
    return party_.number("SELECT count(*) FROM pg_locks WHERE relation = 'ledger.instance'::regclass AND NOT granted") >
           0;
  }
  void let_go() {
    gate_.disconnect();
    if (holder_.joinable()) holder_.join();
  }

 private:
  static constexpr ledger::SqlStatement close_{"close_gate", "SELECT pg_advisory_lock(42)"};
  const Party& party_;
  ledger::Connection gate_{party_.owner_dsn()};
  std::thread holder_;
};

TEST_F(Harness, ToldToStopItHandsBackWhatItHasNotBegun) {
  party_->seed(250, "turn");
  Pause pause(*party_);
  const auto broker = party_->broker(patient_ms);
  const auto worker = party_->worker("w1");
  ASSERT_TRUE(wait_until([&] { return count("token IS NOT NULL") == 250 && pause.holds_somebody(); }))
      << broker->output() << worker->output();
  worker->send(SIGTERM);
  pause.let_go();
  EXPECT_EQ(worker->wait().code, 0) << worker->output();
  EXPECT_TRUE(wait_until([&] { return count("token IS NOT NULL") == 0; })) << broker->output() << worker->output();
  EXPECT_EQ(count("tries > 0"), 0) << "handed back is not failed";
  EXPECT_GE(count("last_error = 'handed back unstarted'"), 50);
  const auto next = party_->worker("w2");
  EXPECT_TRUE(party_->all_arrive()) << broker->output() << next->output();
  party_->expect_sound(250);
}

TEST_F(Harness, WaitingForABrokerItStopsAtOnceWhenTold) {
  const auto worker = party_->worker("w1");
  ASSERT_TRUE(wait_until([&] {
    return party_->number(
               "SELECT count(*) FROM pg_stat_activity WHERE usename = 'bursar_service' "
               "AND datname = current_database()") > 0;
  }));
  worker->send(SIGTERM);
  EXPECT_EQ(worker->wait().code, 0) << worker->output();
}

TEST_F(Harness, ItFindsABrokerThatStartsLater) {
  party_->seed(3, "turn");
  const auto worker = party_->worker("w1");
  const auto broker = party_->broker();
  EXPECT_TRUE(party_->all_arrive()) << broker->output() << worker->output();
}

// Stopped for longer than the broker waits, then continued: its leases have passed on, its late commits are refused by
// their tokens, and it registers again.
TEST_F(Harness, AWorkerThatSleptTooLongDoesNoStepTwice) {
  party_->seed(100, "turn");
  const auto broker = party_->broker();
  const auto one = party_->worker("w1");
  ASSERT_TRUE(wait_until([&] { return party_->number("SELECT count(*) FROM ledger.transition") > 20; }));
  one->send(SIGSTOP);
  const auto two = party_->worker("w2");
  EXPECT_TRUE(party_->all_arrive()) << broker->output() << two->output();
  one->send(SIGCONT);
  two->send(SIGTERM);
  (void)two->wait();
  party_->seed(5, "turn");
  EXPECT_TRUE(party_->all_arrive()) << broker->output() << one->output();
  party_->expect_sound(105);
}

// The test plays the broker's client; the worker, the real one, names what it holds when it registers again.
TEST_F(Harness, TheBrokerSeesWhatItsWorkersHold) {
  party_->seed(30, "turn");
  Pause pause(*party_);
  const auto broker = party_->broker(patient_ms);
  const auto worker = party_->worker("w1");
  auto client = party_->socket("client");
  EXPECT_TRUE(wait_until([&] {
    const auto view = ask<schemas::BrokerView>(client, schemas::Query{});
    return view && view->workers.size() == 1 && view->workers[0].worker == "w1" && view->workers[0].in_flight == 30;
  })) << broker->output();
  pause.let_go();
  EXPECT_TRUE(party_->all_arrive());
  const auto view = ask<schemas::BrokerView>(client, schemas::Query{});
  ASSERT_TRUE(view);
  EXPECT_GE(view->dispatched, 30);
}

// The test plays the broker: what it takes the worker to hold is answered with what the worker does not.
TEST_F(Harness, LeasesThatItDoesNotHoldItHandsBackAtAHeartbeat) {
  namespace wire = brokers::wire;
  const std::filesystem::path folder = std::filesystem::path(party_->socket_path()).parent_path();
  const auto keys = wire::read_keys((folder / "broker").string());
  const auto worker_key = wire::read_public_key((folder / "worker.pub").string());
  ASSERT_TRUE(keys && worker_key);
  wire::Context context;
  const wire::ZapServer zap(context, {{*worker_key, {wire::Role::worker, "worker"}}});
  wire::RouterSocket socket(context, *keys);
  ASSERT_TRUE(socket.bind("ipc://" + party_->socket_path()));
  const auto worker = party_->worker("w1");
  machines::Token lost;
  lost.bytes[0] = 2;
  const auto answer = [&](const wire::Received& received) -> std::optional<schemas::HandedBack> {
    const auto message = schemas::decode(received.bytes);
    if (!message) return std::nullopt;
    if (const auto* back = std::get_if<schemas::HandedBack>(&*message)) return *back;
    if (const auto* ready = std::get_if<schemas::Ready>(&*message)) {
      EXPECT_FALSE(ready->incarnation.is_empty());
      (void)socket.send(received.peer, schemas::encode(schemas::Welcome{}));
      (void)socket.send(received.peer, schemas::encode(schemas::Heartbeat{{lost}}));
    }
    return std::nullopt;
  };
  wire::Poller poller;
  poller.add(socket);
  std::optional<schemas::HandedBack> back;
  EXPECT_TRUE(wait_until([&] {
    poller.wait(std::chrono::milliseconds(20));
    if (const auto received = socket.receive()) back = answer(*received);
    return back.has_value();
  })) << worker->output();
  EXPECT_EQ(back.value_or(schemas::HandedBack{}).unstarted, std::vector<machines::Token>{lost});
}

TEST(NotHeld, IsWhatWasNamedAndIsNotInHand) {
  const auto token = [](std::uint8_t number) {
    machines::Token made;
    made.bytes[0] = number;
    return made;
  };
  const std::vector<machines::Token> named = {token(3), token(1), token(2)};
  EXPECT_EQ(not_held(named, {token(9), token(2), token(1)}).unstarted, std::vector<machines::Token>{token(3)});
  EXPECT_TRUE(not_held(named, {token(3), token(2), token(1)}).unstarted.empty());
  EXPECT_TRUE(not_held({}, {token(3)}).unstarted.empty());
}

TEST(WorkerConfig, SaysWhatIsWrong) {
  WorkerConfig config;
  EXPECT_THAT(config.validate(), HasSubstr("broker"));
  config.brokers.push_back({"ipc:///nowhere", ""});
  EXPECT_THAT(config.validate(), HasSubstr("public key"));
  config.brokers[0].public_key = brokers::wire::make_keys().public_key;
  EXPECT_THAT(config.validate(), HasSubstr("dsn"));
  config.dsn = "host=/nowhere";
  EXPECT_THAT(config.validate(), HasSubstr("keys"));
  config.keys = brokers::wire::make_keys();
  EXPECT_EQ(config.validate(), "");
  config.group_steps = 0;
  EXPECT_THAT(config.validate(), HasSubstr("group_commit_steps"));
  config.group_steps = 1;
  config.most_looks = 0;
  EXPECT_THAT(config.validate(), HasSubstr("look_ahead_bars"));
  const std::atomic<bool> stop = false;
  EXPECT_EQ(run(config, {}, stop), 2);
}

}  // namespace
}  // namespace workers::harness
