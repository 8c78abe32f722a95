// tests/simulation/world.hpp: what all parts of a simulated house share: one clock with what is to happen, the seed's
// randomness, the faults to come, the plant, the trace, and the first thing that was found wrong. One thread, no I/O.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <queue>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "machines/core/ids.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/plants.hpp"

namespace tests::simulation {

class World {
 public:
  World(std::uint64_t seed, Plant planted, const std::vector<Fault>& faults, bool traces)
      : plant(planted), plan(faults), random_(seed), traces_(traces) {}

  [[nodiscard]] std::int64_t now_us() const { return now_us_; }
  // Not before so many microseconds from now; at one time, in the order of asking.
  void after(std::int64_t delay_us, std::function<void()> what);
  // What comes next. False when nothing does.
  bool step();

  // 128 bits that no lease had before, unless planted otherwise.
  machines::Token fresh_token();
  // What tells one process from every other. Not drawn: a seed's randomness is the same without it.
  machines::Token next_process();
  void forget_tokens() { counted_tokens_ = 0; }
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }

  // One line of the trace. `line` is asked for only where somebody reads it.
  template <class Line>
  void say(const char* who, Line line) {
    if (traces_) record(std::string(who) + ": " + line());
  }
  // That it happened: what a simulation never meets, it shows nothing of.
  void met(std::string_view what) { ++met_[std::string(what)]; }
  [[nodiscard]] const std::map<std::string, std::int64_t>& all_met() const { return met_; }
  // The first one stays. The run is over.
  void violate(const std::string& what);
  [[nodiscard]] bool is_over() const { return over_ || !violation_.empty(); }
  void finish() { over_ = true; }
  [[nodiscard]] const std::string& violation() const { return violation_; }
  [[nodiscard]] const std::deque<std::string>& trace() const { return trace_; }
  [[nodiscard]] std::int64_t steps() const { return steps_; }

  // No request can be signed until then.
  void lose_keys(std::int64_t for_us) { keys_lost_until_us_ = std::max(keys_lost_until_us_, now_us_ + for_us); }
  [[nodiscard]] bool keys_are_lost() const { return now_us_ < keys_lost_until_us_; }
  // World time is hours beyond what is being decided until then.
  void go_on(std::int64_t for_us) { world_gone_until_us_ = std::max(world_gone_until_us_, now_us_ + for_us); }
  [[nodiscard]] bool has_gone_on() const { return now_us_ < world_gone_until_us_; }
  // The true wall clock, microseconds since the epoch: the venue's.
  [[nodiscard]] std::int64_t unix_us() const { return 1'700'000'000'000'000 + now_us_; }

  Plant plant;
  FaultPlan plan;

 private:
  void record(const std::string& line);
  struct Event {
    std::int64_t at_us;
    std::int64_t number;
    std::function<void()> what;
    bool operator>(const Event& other) const {
      return at_us != other.at_us ? at_us > other.at_us : number > other.number;
    }
  };
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::int64_t now_us_ = 1'000'000, asked_ = 0, steps_ = 0, keys_lost_until_us_ = 0, world_gone_until_us_ = 0;
  std::mt19937_64 random_;
  std::uint64_t counted_tokens_ = 0, processes_ = 0;
  bool traces_ = false, over_ = false;
  std::string violation_;
  std::map<std::string, std::int64_t> met_;
  std::deque<std::string> trace_;
};

}  // namespace tests::simulation
