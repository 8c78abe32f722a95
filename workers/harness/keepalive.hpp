// workers/harness/keepalive.hpp: Keepalive, which goes on saying that a worker lives while that waits for PostgreSQL. A
// server that is slow is no fault of a job's: without a beat the broker would take the worker for dead, and in the end
// park what it held. Beats only within a loan, and each loan is bounded: a worker that hangs elsewhere falls silent.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace workers::harness {

class Keepalive {
 public:
  // `beat` is called by a thread of ours, never outside a loan.
  explicit Keepalive(std::function<void()> beat);
  ~Keepalive();
  Keepalive(const Keepalive&) = delete;
  Keepalive& operator=(const Keepalive&) = delete;

  // While it stands, what `beat` touches belongs to our thread, and is left alone by the one that lent it.
  class [[nodiscard]] Loan {
   public:
    Loan(Keepalive& keepalive, std::int64_t every_us);
    ~Loan();
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

   private:
    Keepalive& keepalive_;
  };
  // A beat `every_us` after this, and so on.
  Loan lend(std::int64_t every_us) { return {*this, every_us}; }

 private:
  void run();

  std::function<void()> beat_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool stop_ = false;
  std::int64_t every_us_ = 0;  // 0: nothing is lent
  std::int64_t next_us_ = 0, until_us_ = 0;
  std::thread thread_;
};

}  // namespace workers::harness
