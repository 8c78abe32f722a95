// tests/simulation/broker.hpp: a broker process: the real dispatch (brokers/dispatch) between a simulated network and a
// simulated store. The loop is brokers/service's, without sockets. A process: it dies by being dropped.
#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "brokers/dispatch/dispatch.hpp"
#include "tests/simulation/ground.hpp"

namespace tests::simulation {

class Broker : public Listener, public std::enable_shared_from_this<Broker> {
 public:
  Broker(Ground ground, std::string name) : ground_(ground), name_(std::move(name)), dispatch_(rules(), name_, 0) {}

  // Takes all shards over, then works.
  void start() { take_over(); }
  void heard(const std::string& peer, const std::string& bytes) override;

 private:
  [[nodiscard]] brokers::dispatch::Rules rules() const;
  void later(std::int64_t delay_us, void (Broker::*what)());
  void take_over();
  void give_back_all();
  void begin_work();
  void take(const std::string& peer, const schemas::Message& message);
  void submit(const std::string& peer, const schemas::Submit& submit);
  void say(const std::string& peer, const schemas::Message& message);
  void tick();
  void arm();
  void act();
  void carry_out(const brokers::dispatch::Send& order);
  void carry_out(const brokers::dispatch::ClaimNow& order);
  void carry_out(const brokers::dispatch::AskDue& order);
  void carry_out(const brokers::dispatch::GiveBack& order);
  void recover();

  Ground ground_;
  std::string name_;
  std::int64_t epoch_ = 0;
  brokers::dispatch::Dispatch dispatch_;
  std::deque<std::pair<std::string, std::string>> waiting_;  // messages that came during a take-over
  bool works_ = false;
  std::int64_t swept_us_ = 0, tick_at_us_ = INT64_MAX;
};

}  // namespace tests::simulation
