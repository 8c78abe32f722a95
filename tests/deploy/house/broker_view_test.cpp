// tests/deploy/house/broker_view_test.cpp: brokers are asked by their seats who works for them; one that is silent is
// waited for a second and no longer.
#include "deploy/house/broker_view.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "brokers/wire/zap.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

namespace wire = brokers::wire;
using testing::IsEmpty;
using testing::SizeIs;

// As much of a broker as a look at it takes; on a thread of its own, for whoever asks waits.
class Broker {
 public:
  Broker(const std::string& endpoint, const std::string& client_key, std::string name)
      : zap_(context_, {{client_key, {wire::Role::client, "client"}}}),
        router_(context_, keys_),
        name_(std::move(name)) {
    const auto bound = router_.bind(endpoint);
    EXPECT_TRUE(bound) << bound.error().text;
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  [[nodiscard]] ledger::jobs::SeatView seat() const { return {name_, router_.endpoint(), keys_.public_key, 1'000, {}}; }

 private:
  void run(const std::stop_token& stop) {
    wire::Poller poller;
    poller.add(router_);
    while (!stop.stop_requested()) {
      poller.wait(std::chrono::milliseconds(10));
      while (const auto asked = router_.receive()) {
        const auto message = schemas::decode(asked->bytes);
        if (!message || !std::holds_alternative<schemas::Query>(*message)) continue;
        schemas::BrokerView view;
        view.broker = name_;
        view.workers = {{name_ + "-worker", 3, 0}};
        (void)router_.send(asked->peer, schemas::encode(view));
      }
    }
  }

  wire::Context context_;
  wire::CurveKeys keys_ = wire::make_keys();
  wire::ZapServer zap_;
  wire::RouterSocket router_;
  std::string name_;
  std::jthread thread_;
};

class AskedBrokers : public testing::Test {
 protected:
  [[nodiscard]] std::string endpoint(const std::string& name) const {
    return "ipc://" + (folder_.path() / name).string();
  }
  void write_client_keys() const {
    std::filesystem::create_directory(layout_.key("client").parent_path());
    ASSERT_TRUE(wire::write_keys(layout_.key("client").string(), client_));
  }

  TempFolder folder_;
  deploy::Layout layout_{folder_.path()};
  wire::CurveKeys client_ = wire::make_keys();
};

TEST_F(AskedBrokers, EachThatSitsAnswersInTheOrderOfTheSeats) {
  write_client_keys();
  const Broker one(endpoint("one"), client_.public_key, "one"), other(endpoint("other"), client_.public_key, "other");
  ledger::jobs::SeatView left = other.seat(), silent = one.seat();
  left.lease_ms = -5;
  silent.endpoint = endpoint("nobody");
  const auto states = deploy::ask_brokers(layout_, {other.seat(), silent, left, one.seat()});
  ASSERT_THAT(states, SizeIs(4));
  ASSERT_TRUE(states[0].view);
  EXPECT_EQ(states[0].view->broker, "other");
  EXPECT_EQ(states[0].view->workers.at(0).worker, "other-worker");
  EXPECT_FALSE(states[1].view) << "nobody listens there";
  EXPECT_EQ(states[1].seat.endpoint, silent.endpoint);
  EXPECT_FALSE(states[2].view) << "its lease is over: it is not asked";
  ASSERT_TRUE(states[3].view);
  EXPECT_EQ(states[3].view->broker, "one");
}

TEST_F(AskedBrokers, WithoutTheKeysOfAClientNobodyCanBeAsked) {
  const Broker one(endpoint("one"), client_.public_key, "one");
  const auto states = deploy::ask_brokers(layout_, {one.seat()});
  ASSERT_THAT(states, SizeIs(1));
  EXPECT_FALSE(states[0].view);
  EXPECT_THAT(deploy::ask_brokers(layout_, {}), IsEmpty());
}

}  // namespace
}  // namespace tests
