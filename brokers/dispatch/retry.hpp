// brokers/dispatch/retry.hpp: when a job that failed runs again, by the class of its error, and when it is parked
// instead. Pure: the jitter's draw comes from the caller. No clock, no I/O, no throw.
#pragma once

#include <array>
#include <cstdint>

#include "machines/core/job.hpp"
#include "machines/core/names.hpp"

namespace brokers::dispatch {

// What becomes of a job whose tries are used up.
enum class Exhausted { park, keep_trying };

struct RetryRule {
  std::int64_t first_ms = 100;        // before the first retry
  std::int64_t longest_ms = 60'000;   // between two tries at most, before the jitter
  std::int64_t factor = 2;            // each wait is so many times the one before
  std::int64_t jitter_ppm = 250'000;  // of the wait, drawn and added: at most so much
  int most_tries = 20;                // business tries; attempts lost to a dead worker are none
  Exhausted then = Exhausted::park;
  bool operator==(const RetryRule&) const = default;
};

// One rule per class of error.
class RetryRules {
 public:
  RetryRules() : RetryRules(RetryRule{}) {}
  // Every class goes by `base`, but for two: a job that waits for a key waits until a person gives one (fatal_auth is
  // never parked by itself), and a venue under maintenance is asked seldom and for long (from 5 s to 5 minutes, five
  // times as often).
  explicit RetryRules(const RetryRule& base);
  [[nodiscard]] const RetryRule& of(machines::CallError error) const { return rules_[static_cast<std::size_t>(error)]; }
  void set(machines::CallError error, const RetryRule& rule) { rules_[static_cast<std::size_t>(error)] = rule; }

 private:
  std::array<RetryRule, machines::count_of<machines::CallError>> rules_{};
};

// Milliseconds: first_ms * factor^tries, at most longest_ms, and a drawn part of the jitter added. The wait before the
// next try of a job that has been tried `tries` times before this failure; `draw` is any number.
std::int64_t wait_ms(const RetryRule& rule, int tries, std::uint64_t draw);
// Whether the failure of a job that has been tried `tries` times before it was its last.
bool is_last(const RetryRule& rule, int tries);

}  // namespace brokers::dispatch
