// tests/failover/recorder.hpp: Recorder, a client that writes numbers into PostgreSQL as a worker commits steps: each
// once by its key, looked up where the outcome is in doubt. It keeps, outside PostgreSQL, what it was told stands.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace tests::failover {

class Recorder {
 public:
  // Begins at once, in a thread of its own. REQUIRES: the table noted (n bigint) of that database.
  explicit Recorder(std::string dsn);
  ~Recorder() { stop(); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  [[nodiscard]] std::int64_t told() const { return told_; }
  // Ends it; 1 to the number returned stand, each once, or something was lost.
  std::int64_t stop();

 private:
  void run();

  std::string dsn_;
  std::atomic<std::int64_t> told_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace tests::failover
