// tests/simulation/feed.hpp: the feed of a simulated house: the barriers of deploy/replay/feed, and what people do at
// some of them (a cancel, a pause, its end). It asks again until it is answered, over a fresh link in the end.
#pragma once

#include <memory>
#include <vector>

#include "tests/simulation/ground.hpp"

namespace tests::simulation {

class Feed : public std::enable_shared_from_this<Feed> {
 public:
  explicit Feed(Ground ground) : ground_(ground) {}
  // The run is over when all bars are played and what rested is cancelled.
  void start();
  [[nodiscard]] std::string where() const;

 private:
  enum class Phase { fund, allocate, open_venue, open_release, between, close_release, cancel, settle };
  [[nodiscard]] const std::vector<workers::market::Bar>& bars() const { return ground_.market.bars; }
  [[nodiscard]] machines::Instant close_of(std::size_t index) const;
  [[nodiscard]] machines::Instant goal() const;
  [[nodiscard]] std::vector<schemas::Ahead> ahead() const;
  [[nodiscard]] bool has_people(std::size_t bar) const;
  void keep_asking();
  void begin(Phase phase);
  void ask();
  void connect();
  void take(const schemas::Message& message);
  void released(const schemas::Released& released);
  void close_passed(const schemas::Released& released);
  void on_from(machines::Instant next_due);
  void to_close(machines::Instant next_due);
  void let_people_act();
  void find_resting();
  void end();

  Ground ground_;
  std::shared_ptr<Link> link_;
  Phase phase_ = Phase::fund;
  std::size_t next_ = 0;         // the bar to play
  std::size_t people_done_ = 0;  // up to this bar
  machines::Instant between_;
  bool is_last_ = false;  // what rests is cancelled for good
  std::vector<std::pair<machines::OwnerId, machines::InstanceId>> resting_;
  std::int64_t asked_us_ = 0, heard_us_ = 0;
};

}  // namespace tests::simulation
