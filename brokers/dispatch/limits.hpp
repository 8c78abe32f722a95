// brokers/dispatch/limits.hpp: Limits, concurrency limits and rate budgets by key. Pure arithmetic on whole numbers:
// the caller says what time it is. It acts on the trailing edge: what may go goes at once, what must wait goes at the
// very moment when there is a token, and next_us() names it. A budget starts empty: the broker that had it before may
// just have spent it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "brokers/dispatch/rules.hpp"
#include "machines/core/amount.hpp"
#include "schemas/codec/messages.hpp"

namespace brokers::dispatch {

class Limits {
 public:
  using Budgets = std::vector<std::size_t>;  // which budgets a job draws on, in the order of the rules

  // One budget for each rule and key, made when a job first draws on it. All times are microseconds of one steady
  // clock.
  explicit Limits(std::vector<Limit> rules) : rules_(std::move(rules)) {}

  // Whether some limit for such a job depends on where its call goes.
  [[nodiscard]] bool needs_place(const std::string& kind, const std::string& command) const;
  // The budgets of such a job; without a place (it makes no outside call) none that are about places. Made at their
  // first use, empty since `now_us` or since begin(), whichever is earlier.
  Budgets budgets_of(const std::string& kind, const std::string& command, machines::OwnerId owner, const Place& place,
                     std::int64_t now_us);
  // From here on budgets fill; the first call counts.
  void begin(std::int64_t now_us);

  // The first budget that holds such a job back now; nothing when it may go.
  [[nodiscard]] const std::string* cap(const Budgets& budgets, std::int64_t now_us) const;
  [[nodiscard]] bool may_go(const Budgets& budgets, std::int64_t now_us) const {
    return cap(budgets, now_us) == nullptr;
  }
  // spend() takes a token of each rate, fly() counts the job as in flight, land() ends that. REQUIRES: each land() has
  // a fly() before it (CHECK).
  void spend(const Budgets& budgets, std::int64_t now_us);  // REQUIRES: may_go; the job still has to fly()
  void fly(const Budgets& budgets);
  void land(const Budgets& budgets);
  // The earliest time at which the rates alone would let such a job go.
  [[nodiscard]] std::int64_t goes_at_us(const Budgets& budgets, std::int64_t now_us) const;
  // The time at which the rates let one more go that has to wait elsewhere: after `ahead` others that stay here, and
  // after all that took a turn before. Beyond `latest_us` no turn is given: then it is `latest_us`, to ask again.
  std::int64_t take_turn_us(const Budgets& budgets, std::size_t ahead, std::int64_t now_us, std::int64_t latest_us);

  // ---- what is waiting for them: told anew at each hand-out, from clear_waiting() to settle_waiting()
  void clear_waiting();
  void wait(const Budgets& budgets, std::size_t jobs, std::int64_t now_us);
  void settle_waiting();
  // When the next token comes that a job waits for; INT64_MAX: never by the clock alone.
  [[nodiscard]] std::int64_t next_us(std::int64_t now_us) const;
  // The budgets that jobs wait for now, for people.
  [[nodiscard]] std::vector<schemas::LimitView> view(std::int64_t now_us) const;

 private:
  struct Budget {
    std::size_t rule = 0;
    std::string key, rate_text, flight_text;
    std::int64_t in_flight = 0;
    machines::Int128 full_at = 0;    // in microseconds since the beginning, times the rate: when it would be full
    machines::Int128 last_turn = 0;  // on the same scale: the last turn that was taken; in the past: none
    std::size_t waiting = 0;
    std::int64_t waits_since_us = 0;  // 0: no job waits
  };
  [[nodiscard]] machines::Int128 scaled(const Budget& budget, std::int64_t now_us) const;
  [[nodiscard]] machines::Int128 token_at(const Budget& budget) const;
  [[nodiscard]] std::int64_t to_us(const Budget& budget, machines::Int128 at) const;
  [[nodiscard]] std::int64_t token_at_us(const Budget& budget) const;
  [[nodiscard]] machines::Int128 next_turn(const Budget& budget, std::size_t ahead) const;
  [[nodiscard]] static std::string key_of(const Limit& rule, machines::OwnerId owner, const Place& place);

  std::vector<Limit> rules_;
  std::int64_t began_us_ = 0;
  std::vector<Budget> budgets_;
  std::map<std::pair<std::size_t, std::string>, std::size_t> by_key_;
};

}  // namespace brokers::dispatch
