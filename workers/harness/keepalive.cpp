#include "workers/harness/keepalive.hpp"

#include <chrono>
#include <utility>

#include "ledger/env/times.hpp"

namespace workers::harness {
namespace {

constexpr std::chrono::milliseconds look_every{50};
// Longer than a statement may take, its server's silence included.
constexpr std::int64_t longest_loan_us = 60'000'000;

using ledger::env::steady_us;

}  // namespace

Keepalive::Keepalive(std::function<void()> beat) : beat_(std::move(beat)), thread_([this] { run(); }) {}

Keepalive::~Keepalive() {
  {
    const std::lock_guard guard(mutex_);
    stop_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void Keepalive::run() {
  std::unique_lock guard(mutex_);
  while (!stop_) {
    ended_.wait_for(guard, look_every);
    const std::int64_t now = steady_us();
    if (every_us_ == 0 || now < next_us_ || now > until_us_) continue;
    next_us_ = now + every_us_;
    beat_();
  }
}

Keepalive::Loan::Loan(Keepalive& keepalive, std::int64_t every_us) : keepalive_(keepalive) {
  const std::int64_t now = steady_us();
  const std::lock_guard guard(keepalive_.mutex_);
  keepalive_.every_us_ = every_us;
  keepalive_.next_us_ = now + every_us;
  keepalive_.until_us_ = now + longest_loan_us;
}

Keepalive::Loan::~Loan() {
  const std::lock_guard guard(keepalive_.mutex_);
  keepalive_.every_us_ = 0;
}

}  // namespace workers::harness
