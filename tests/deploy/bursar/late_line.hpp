// tests/deploy/bursar/late_line.hpp: LateLine, what stands between a worker and a venue on loopback: it can hold up
// what the worker sends, whatever comes after it. No byte is lost, changed or reordered within a connection, and what
// was held up arrives even where its sender has hung up. A thread of its own.
#pragma once

#include <atomic>
#include <thread>

namespace tests {

class LateLine {
 public:
  // Listens on loopback when it returns. CHECKs that it can. Connections that come lead to `to_port`.
  LateLine(int port, int to_port);
  ~LateLine();
  LateLine(const LateLine&) = delete;
  LateLine& operator=(const LateLine&) = delete;

  // Nothing of what the worker sends is handed on, by whatever connection.
  void hold_all() { mode_ = Mode::hold_all; }
  // What came by connections that stand now stays held up; those that come from now on are free.
  void hold_old() { mode_ = Mode::hold_old; }
  // Everything is handed on.
  void release() { mode_ = Mode::free; }
  [[nodiscard]] bool answered() const { return answered_; }         // the venue has said something: they have met
  [[nodiscard]] bool holds_something() const { return held_ > 0; }  // bytes that wait

 private:
  enum class Mode { free, hold_all, hold_old };
  void run();

  int listening_ = -1, to_port_ = 0;
  std::atomic<Mode> mode_ = Mode::free;
  std::atomic<std::size_t> held_ = 0;
  std::atomic<bool> stop_ = false, answered_ = false;
  std::thread thread_;
};

}  // namespace tests
