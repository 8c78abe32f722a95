// tests/simulation/worker.hpp: a worker process: the real executor (workers/harness) and handlers between a simulated
// network, store and venue. The loop is workers/harness/harness.cpp's, without sockets, cut at the points where a
// process may die or stand still. A process: it dies by being dropped.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/ground.hpp"
#include "workers/harness/executor.hpp"

namespace tests::simulation {

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  // `struck`: told of each fault that strikes at a point of this worker's round; it may end the worker.
  using Struck = std::function<void(Worker& worker, const Fault& fault)>;
  Worker(Ground ground, std::string name, Struck struck);
  void start();
  [[nodiscard]] const std::string& name() const { return name_; }
  void stall(std::int64_t for_us) { stalled_until_us_ = ground_.world.now_us() + for_us; }
  void end() { is_alive_ = false; }

 private:
  struct Called {
    machines::LeasedJob job;
    bool is_write = false;
  };
  void later(std::int64_t delay_us, void (Worker::*what)());
  // False: it died here. A stall is waited for by later().
  bool survives_point();
  void turn();
  void connect();
  void take(const schemas::Message& message);
  void liveness();
  void keep_beating();
  void register_here();
  [[nodiscard]] std::vector<machines::Token> held() const;
  void send(const schemas::Message& message);
  // One group, cut into stages.
  void gather();
  void write();
  void act();
  // By a planted bug: what was to leave once its step stood leaves, whatever became of the step.
  void call_uncommitted(const std::vector<workers::harness::CallOut>& meant,
                        const ledger::Stored<std::vector<machines::StepResult>>& results);
  void rest();
  [[nodiscard]] bool has_no_key() const;
  void call(const workers::harness::CallOut& call);
  void answer(std::uint64_t correlation, const workers::handlers::Answer& answer);
  void say_done(schemas::Done done);
  void look_at(const schemas::VenueMessage& request);

  Ground ground_;
  std::string name_;
  Struck struck_;
  machines::Token incarnation_;
  std::vector<machines::Token> forgotten_;  // by a planted bug: said to be held, and nothing will come of them
  workers::harness::Executor executor_;
  std::shared_ptr<Link> link_;
  std::deque<schemas::Message> inbox_;
  std::vector<workers::harness::Decided> decided_;
  std::map<std::uint64_t, Called> calls_;
  std::uint64_t correlation_ = 0;
  bool is_alive_ = true, welcomed_ = false, busy_ = false;
  std::int64_t stalled_until_us_ = 0, held_on_until_us_ = 0;
  std::int64_t heartbeat_us_ = 1'000'000, ttl_us_ = 3'000'000;
  std::int64_t registered_us_ = 0, heard_us_ = 0, beaten_us_ = 0;
};

}  // namespace tests::simulation
