// tests/simulation/feed.hpp: the feed of a simulated house: the barriers of deploy/replay/barriers, and what people do
// at some of them (a cancel, a pause, its end). It asks again until it is answered, over a fresh link in the end.
#pragma once

#include <memory>
#include <vector>

#include "deploy/replay/barriers/barrier_plan.hpp"
#include "tests/simulation/ground.hpp"

namespace tests::simulation {

class Feed : public std::enable_shared_from_this<Feed> {
 public:
  explicit Feed(Ground ground);
  // The run is over when all bars are played and what rested is cancelled.
  void start();
  [[nodiscard]] std::string where() const;

 private:
  using Phase = deploy::BarrierPlan::Phase;
  void keep_asking();
  void ask();
  bool look_up();
  void ask_venue();
  void connect();
  void take(const schemas::Message& message);
  void released(const schemas::Released& released);
  void let_people_act();
  void find_resting();

  Ground ground_;
  std::shared_ptr<Link> link_;
  deploy::BarrierPlan plan_;
  std::vector<std::pair<machines::OwnerId, machines::InstanceId>> resting_;
  std::int64_t asked_us_ = 0, heard_us_ = 0;
};

}  // namespace tests::simulation
