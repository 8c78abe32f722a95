// Peers that mean harm, against a broker in its own process on a real PostgreSQL: while they do their worst, an honest
// worker's rounds are completed, an honest client is answered, and the broker's memory stays bounded.
#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <thread>

#include "tests/brokers/service/party.hpp"
#include "tests/schemas/codec/generators.hpp"
#include "tests/support/raw_peer.hpp"

namespace brokers::service {
namespace {

using namespace tests;

constexpr int drills = 20;
constexpr std::int64_t mib = 1 << 20;

class Hostile : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_POSTGRES();
    party_ = std::make_unique<Party>();
    broker_ = party_->broker();
    client_ = std::make_unique<wire::DealerSocket>(party_->socket("client"));
    ASSERT_TRUE(look()) << broker_->output();
  }
  // What the broker says of itself to an honest client.
  std::optional<schemas::BrokerView> look() { return ask<schemas::BrokerView>(*client_, schemas::Query{}); }
  // An honest worker does a whole round of drills, each step once.
  void expect_service() {
    ASSERT_TRUE(broker_->is_running()) << broker_->output();
    party_->seed(drills, "turn");
    const auto worker = party_->worker("honest");
    EXPECT_TRUE(party_->all_arrive()) << broker_->output() << worker->output();
    rounds_ += drills;
    party_->expect_sound(rounds_);
    EXPECT_TRUE(look()) << broker_->output();
  }
  // Bytes of the broker that are in memory.
  [[nodiscard]] std::int64_t memory() const {
    std::ifstream in("/proc/" + std::to_string(broker_->pid()) + "/statm");
    std::int64_t all = 0, resident = 0;
    in >> all >> resident;
    EXPECT_GT(resident, 0);
#ifdef BURSAR_SANITIZE
    return 0;  // a sanitizer keeps what is given back, to see who still reads it
#endif
    return resident * ::sysconf(_SC_PAGESIZE);
  }
  static bool all_cut_off(std::vector<RawPeer>& peers) {
    return wait_until(
        [&] { return std::all_of(peers.begin(), peers.end(), [](RawPeer& p) { return p.was_cut_off(); }); });
  }

  std::unique_ptr<Party> party_;
  std::unique_ptr<Child> broker_;
  std::unique_ptr<wire::DealerSocket> client_;
  int rounds_ = 0;
};

TEST_F(Hostile, RubbishOnTheSocketIsCutOffAndHurtsNobody) {
  std::mt19937_64 random(7);
  std::vector<RawPeer> peers;
  for (int i = 0; i < 50; ++i) {
    std::string rubbish(1 + random() % 4096, '\0');
    for (char& byte : rubbish) byte = static_cast<char>(random());
    peers.emplace_back(party_->socket_path());
    ASSERT_TRUE(peers.back().is_open());
    peers.back().write(i % 2 == 0 ? rubbish : signature() + rubbish);
  }
  expect_service();
  EXPECT_TRUE(all_cut_off(peers));
}

// No CURVE: no mechanism at all, a password, or CURVE's name and then nothing of it.
TEST_F(Hostile, APlainPeerIsCutOff) {
  for (const std::string mechanism : {"NULL", "PLAIN", "CURVE", "", "ROT13"}) {
    std::vector<RawPeer> peers;
    peers.emplace_back(party_->socket_path());
    ASSERT_TRUE(peers.back().is_open());
    peers.back().write(greeting(mechanism));
    peers.back().write(
        std::string("\x04\x29\x05READY\x0bSocket-Type\0\0\0\x06"
                    "DEALER\x08Identity\0\0\0\0",
                    43));
    EXPECT_TRUE(all_cut_off(peers)) << mechanism;
  }
  expect_service();
}

// More than the 1,024 files that a process usually may open.
TEST_F(Hostile, HandshakesThatNeverEndByTheThousandAreCutOff) {
  const std::int64_t before = memory();
  std::vector<RawPeer> peers;
  for (int i = 0; i < 1'200; ++i) {
    peers.emplace_back(party_->socket_path());
    if (peers.back().is_open()) peers.back().write(i % 3 == 0 ? "" : i % 3 == 1 ? signature() : greeting("CURVE"));
  }
  expect_service();
  EXPECT_TRUE(all_cut_off(peers));
  EXPECT_LT(memory() - before, 64 * mib);
}

TEST_F(Hostile, StrangersAreCountedAndServiceGoesOn) {
  const auto before = look();
  std::vector<wire::DealerSocket> strangers;
  for (int i = 0; i < 20; ++i) strangers.push_back(party_->socket("stranger"));
  EXPECT_TRUE(wait_until([&] { return look()->refused_peers >= before->refused_peers + 20; }));
  expect_service();
}

TEST_F(Hostile, WhatIsTooLongIsCutOffUnread) {
  auto liar = party_->socket("client");
  ASSERT_TRUE(ask<schemas::BrokerView>(liar, schemas::Query{}));
  const std::int64_t before = memory();
  for (int i = 0; i < 40; ++i) (void)liar.send(std::string(wire::most_request_bytes + 1, 'x'));
  expect_service();
  EXPECT_LT(memory() - before, 64 * mib);
}

TEST_F(Hostile, AnyMessageFromAWorkersKeyIsCopedWith) {
  auto liar = party_->socket("worker");
  const auto before = look();
  ASSERT_TRUE(before);
  EXPECT_TRUE(rc::check("any message", [&] { say(liar, any_message()); }));
  expect_service();
  const auto after = look();
  ASSERT_TRUE(after);
  EXPECT_GT(after->refused_peers, before->refused_peers) << "a worker may not say most of them";
}

TEST_F(Hostile, ARegistrationBeyondAllMeasureGetsNothing) {
  auto liar = party_->socket("worker");
  const auto before = look();
  ASSERT_TRUE(before);
  const schemas::Capability drill{"drill", 1, {}};
  schemas::Ready ready{"liar", schemas::wire_version, 0, {drill}, {}, std::numeric_limits<int>::max(), 0};
  say(liar, ready);
  ready.pure_credit = -1;
  say(liar, ready);
  ready.pure_credit = 1;
  ready.held.resize(30'000);
  say(liar, ready);
  ready.held.clear();
  ready.capabilities.assign(30'000, drill);
  say(liar, ready);
  EXPECT_TRUE(wait_until([&] { return look()->refused_peers >= before->refused_peers + 4; }));
  expect_service();
  const auto after = look();
  ASSERT_TRUE(after);
  for (const auto& worker : after->workers) EXPECT_NE(worker.worker, "liar");
}

// Leases that were never given, handed on by the thousand, and long waits for jobs that it never had.
TEST_F(Hostile, JobsThatWereNeverGivenMoveNothing) {
  auto liar = party_->socket("worker");
  ASSERT_TRUE(ask<schemas::Welcome>(liar, schemas::Ready{"liar", schemas::wire_version, 0, {}, {}, 0, 0}));
  const std::int64_t before = memory();
  std::mt19937_64 random(7);
  for (int i = 0; i < 100; ++i) {
    schemas::Done done;
    for (int j = 0; j < 1'000; ++j) {
      machines::LeasedJob job{
          {{-1}, {static_cast<std::int64_t>(random())}, -5, -6}, {}, -7, -8, "order", "x", false, {INT64_MIN}, -1, -1};
      for (auto& byte : job.token.bytes) byte = static_cast<std::uint8_t>(random());
      done.jobs.push_back({job.token, schemas::DoneKind::doubt});
      done.minted.push_back(job);
    }
    say(liar, done);
    say(liar, schemas::Failed{done.jobs[0].token, machines::CallError::rejected, INT64_MAX, "why", true});
  }
  expect_service();
  EXPECT_LT(memory() - before, 64 * mib);
}

// It can be a nuisance to the worker whose name it takes, who registers again; nothing is lost or done twice.
TEST_F(Hostile, AnothersNameTakesNothingFromAnybody) {
  party_->seed(drills, "turn");
  const auto worker = party_->worker("honest");
  auto liar = party_->socket("worker");
  for (int i = 0; i < 3; ++i) {  // five deaths alone would park a job, as with a worker that is killed
    say(liar, schemas::Ready{"honest", schemas::wire_version, 0, {}, {}, 0, 0});
    say(liar, schemas::Ready{"other", schemas::wire_version, 0, {}, {}, 0, 0});
    ASSERT_TRUE(look());
  }
  EXPECT_TRUE(party_->all_arrive()) << broker_->output() << worker->output();
  party_->expect_sound(drills);
}

TEST_F(Hostile, ANameIsFreeForAnotherKeyOnlyWhenItsWorkerIsGone) {
  auto first = party_->socket("worker");
  auto rival = party_->socket("rival");
  const schemas::Ready ready{"named", schemas::wire_version, 0, {}, {}, 0, 0};
  ASSERT_TRUE(ask<schemas::Welcome>(first, ready));
  const auto refused = ask<schemas::Refused>(rival, ready);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, "a worker with another key is registered as named: give each worker a name of its own");
  const auto taken = look();
  ASSERT_TRUE(taken);
  EXPECT_THAT(taken->refusals, testing::Contains(testing::Field(&schemas::RefusalView::reason, "taken name")));
  ASSERT_TRUE(ask<schemas::Welcome>(first, ready)) << "the same key may register again";
  ASSERT_TRUE(ask<schemas::Goodbye>(first, schemas::Goodbye{}));
  EXPECT_TRUE(ask<schemas::Welcome>(rival, ready));
}

// One client asks as fast as the wire takes it, and never reads an answer. Others wait for rounds, not for its end.
TEST_F(Hostile, AFloodLeavesServiceToOthers) {
  auto flooder = party_->socket("client");
  const std::string question = schemas::encode(schemas::Query{});
  const auto pour = [&] {
    int poured = 0;
    while (poured < 20'000 && flooder.send(question) == wire::SendResult::sent) ++poured;
    return poured;
  };
  ASSERT_TRUE(wait_until([&] { return pour() > 0; }));
  const std::int64_t before = memory();
  constexpr int rounds = 50;
  std::vector<int> got_in;  // per round: what the flooder could get in before the other was answered
  for (int i = 0; i < rounds; ++i) {
    (void)pour();
    say(*client_, schemas::Query{});
    int meanwhile = 0;
    std::optional<std::string> answer;
    ASSERT_TRUE(wait_until([&] {
      meanwhile += flooder.send(question) == wire::SendResult::sent ? 1 : 0;
      return (answer = client_->receive()).has_value();
    }));
    got_in.push_back(meanwhile);
  }
  std::sort(got_in.begin(), got_in.end());
  EXPECT_LT(got_in[rounds / 2], 10 * 256) << "ten rounds of the broker";
  expect_service();
  EXPECT_LT(memory() - before, 128 * mib);
}

// The log says that messages are refused, once a second and not once each; nor does Protobuf, which is asked to read
// what is no UTF-8.
// Who floods a broker that waits for PostgreSQL, and goes: libzmq must find nothing more to say to it.
TEST_F(Hostile, AFloodThatNobodyReadsEndsNoBroker) {
  ledger::Connection holder(party_->owner_dsn());
  ASSERT_TRUE(holder.run("SELECT pg_advisory_lock(7004, 0)"));  // claims wait for it
  const auto idle = party_->worker("idle");                     // for whom the broker claims
  ASSERT_TRUE(wait_until(
      [&] { return party_->number("SELECT count(*) FROM pg_locks WHERE classid = 7004 AND NOT granted") > 0; }));
  {
    auto flood = party_->socket("client");
    const std::string question = schemas::encode(schemas::Query{});
    ASSERT_TRUE(wait_until([&] { return flood.send(question) == wire::SendResult::sent; }));
    for (int sent = 0; sent < 1'000; ++sent) (void)flood.send(question);
    std::this_thread::sleep_for(std::chrono::seconds(1));  // for them to be on the way
  }
  std::this_thread::sleep_for(std::chrono::seconds(5));  // more than two heartbeats of libzmq
  ASSERT_TRUE(holder.run("SELECT pg_advisory_unlock(7004, 0)"));
  expect_service();
}

TEST_F(Hostile, AFloodOfRubbishFillsNoLog) {
  const std::string rubbish = "\x5a\x03\x1a\x01\xff";
  auto liar = party_->socket("client");
  int sent = 0;
  ASSERT_TRUE(wait_until([&] {
    sent += liar.send(rubbish) == wire::SendResult::sent ? 1 : 0;
    while (sent > 0 && sent < 5'000 && liar.send(rubbish) == wire::SendResult::sent) ++sent;
    return sent >= 5'000;
  }));
  EXPECT_TRUE(wait_until([&] { return look()->refused_peers >= sent; }));
  EXPECT_LT(broker_->output().size(), 50'000U);
  expect_service();
}

}  // namespace
}  // namespace brokers::service
