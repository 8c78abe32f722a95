// brokers/dispatch/backlog.hpp: Backlog, the claimed jobs that wait for a worker: by level, shard and owner, and within
// an owner by lane. Jobs of one lane are alike in all that decides whether a worker may take them (kind, command, the
// party that they call), so that what blocks the first blocks the lane, without a look at the rest. Pure; owns its
// jobs.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "brokers/dispatch/limits.hpp"
#include "machines/core/job.hpp"

namespace brokers::dispatch {

struct Waiting {
  machines::LeasedJob job;
  std::int64_t arrived = 0;  // a counter: the smaller came first
};

struct Lane {
  std::deque<Waiting> jobs;
  Limits::Budgets budgets;
};
// kind, command, is_event, where it goes, whether it must run alone
using LaneKey = std::tuple<Machine, std::string, bool, Place, bool>;
using Lanes = std::map<LaneKey, Lane>;

// Jobs of one level and shard. `turn` is whose turn it is, and how many more jobs it has in it.
struct Queue {
  std::map<machines::OwnerId, Lanes> owners;
  std::optional<machines::OwnerId> turn;
  int left = 0;
};

class Backlog {
 public:
  // Empty, with the priorities and weights of the rules.
  explicit Backlog(const Rules& rules);

  // Puts the job at the end of its lane; a new lane gets its budgets. `alone`: a worker is to run it by itself.
  void add(machines::LeasedJob job, const Place& place, bool alone, Limits& limits, std::int64_t now_us);
  // Takes out every job for which this holds.
  std::vector<machines::LeasedJob> take_if(const std::function<bool(const machines::LeasedJob&)>& wanted);
  // The same by whole lanes.
  std::vector<machines::LeasedJob> take_lanes_if(const std::function<bool(const LaneKey&)>& wanted);
  // Takes out those at the end of lanes that are longer than `most` and held back: by a limit, else by `waits`.
  struct Surplus {
    machines::LeasedJob job;
    Limits::Budgets budgets;  // the lane's
    bool is_limited = false;
  };
  using Waits = std::function<bool(const LaneKey&)>;
  std::vector<Surplus> take_surplus(std::size_t most, const Limits& limits, std::int64_t now_us, const Waits& waits);
  // Whether a lane of these jobs is that long, and no limit holds it back.
  [[nodiscard]] bool has_long_lane(const Match& match, std::size_t most, const Limits& limits,
                                   std::int64_t now_us) const;
  // Shows every job that waits, level by level.
  void each(const std::function<void(const machines::LeasedJob&)>& look) const;

  [[nodiscard]] std::size_t size() const { return size_; }
  void took(std::size_t jobs) { size_ -= jobs; }  // what a hand-out took from the queues itself
  // How many of them a limit holds back, or `waits`, as of the last hold_back(), which tells the limits who waits for
  // them.
  [[nodiscard]] std::size_t held_back() const { return held_back_; }
  void hold_back(Limits& limits, std::int64_t now_us, const Waits& waits);
  // The highest level first, each with its shards. A queue that has run empty stays: it knows whose turn it is.
  std::map<int, std::map<int, Queue>, std::greater<>>& levels() { return levels_; }
  static void drop_the_empty(Queue& queue);

  // The level of the first priority that fits; 0 where none does. weigh() sets an owner's jobs per turn; 1 where none
  // was set.
  [[nodiscard]] int level_of(const std::string& kind, const std::string& command) const;
  void weigh(machines::OwnerId owner, int weight) { weights_[owner] = weight; }
  [[nodiscard]] int weight_of(machines::OwnerId owner) const;
  [[nodiscard]] int weight_of(const Queue& queue) const;  // of all its owners

 private:
  template <class Change>
  void change_lanes(Change change);
  void drop_the_empty();

  std::vector<Priority> priorities_;
  std::map<machines::OwnerId, int> weights_;
  std::map<int, std::map<int, Queue>, std::greater<>> levels_;
  std::size_t size_ = 0, held_back_ = 0;
  std::int64_t arrivals_ = 0;
};

}  // namespace brokers::dispatch
