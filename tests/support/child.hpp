// tests/support/child.hpp: Child, a real process for a test: its output is read, it can be killed at a chosen moment,
// and it never outlives the test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "deploy/cluster/process.hpp"
#include "tests/support/folder.hpp"

namespace tests {

class Child {
 public:
  // Starts it; argv[0] is a path. Both outputs go to a file of its own. Fails the program when it can't start.
  explicit Child(std::vector<std::string> argv, std::vector<std::string> environment = {});
  ~Child();  // SIGKILL and reap
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool is_running();
  void send(int signal_number);
  // Waits for its end. CHECKs that it comes in time: a bound against hanging, not a measurement.
  deploy::Exit wait(std::chrono::seconds within = std::chrono::seconds(60));
  [[nodiscard]] std::string output() const { return read_text(folder_.path() / "output"); }
  // Waits until its output holds `text`; false when it ended, or took too long, without it.
  bool wait_for_output(const std::string& text, std::chrono::seconds within = std::chrono::seconds(60));

 private:
  TempFolder folder_;
  pid_t pid_ = 0;
  bool reaped_ = false;
  int status_ = 0;
};

// Waits until `condition` holds, looking every few milliseconds; false when it took longer than the bound.
template <class Condition>
bool wait_until(Condition condition, std::chrono::seconds within = std::chrono::seconds(60));

void pause_briefly();

template <class Condition>
bool wait_until(Condition condition, std::chrono::seconds within) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    pause_briefly();
  }
  return true;
}

}  // namespace tests
