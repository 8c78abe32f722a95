#include "brokers/dispatch/retry.hpp"

#include <algorithm>

namespace brokers::dispatch {

using machines::CallError;

RetryRules::RetryRules(const RetryRule& base) {
  rules_.fill(base);
  RetryRule waiting = base;
  waiting.then = Exhausted::keep_trying;
  set(CallError::fatal_auth, waiting);
  RetryRule patient = base;
  patient.first_ms = std::max<std::int64_t>(base.first_ms, 5'000);
  patient.longest_ms = std::max<std::int64_t>(base.longest_ms, 300'000);
  patient.most_tries = base.most_tries * 5;
  set(CallError::maintenance, patient);
}

std::int64_t wait_ms(const RetryRule& rule, int tries, std::uint64_t draw) {
  std::int64_t wait = std::min(rule.first_ms, rule.longest_ms);
  // The product can't overflow: a wait below the longest is at most a day, a factor at most 100 (validated).
  for (int i = 0; i < tries && wait < rule.longest_ms && rule.factor > 1; ++i) wait *= rule.factor;
  wait = std::min(wait, rule.longest_ms);
  const auto most_jitter = static_cast<std::uint64_t>(wait * rule.jitter_ppm / 1'000'000);
  return wait + static_cast<std::int64_t>(draw % (most_jitter + 1));
}

bool is_last(const RetryRule& rule, int tries) { return rule.then == Exhausted::park && tries + 1 >= rule.most_tries; }

}  // namespace brokers::dispatch
