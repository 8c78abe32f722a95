// deploy/house/supervisor.hpp: Supervisor, the child processes of `bursar up`: started, watched, started again when
// they die, and gone when we are. Stepped, never blocks but in stop(). Main thread only: the kernel ties the children's
// lives to the thread that started them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "deploy/cluster/log_file.hpp"
#include "deploy/cluster/process.hpp"

namespace deploy {

struct BackOff {
  std::int64_t first_ms = 50;  // after the first death; doubled per death in a row
  std::int64_t longest_ms = 5'000;
  std::int64_t settled_ms = 10'000;  // a child that lived this long starts from the first again
  int most_failures = 8;             // in a row, of its own doing (an exit code, no signal): then it is hopeless
};

class Supervisor {
 public:
  struct Child {
    std::string name;
    ProcessSpec spec;
    pid_t pid = 0;              // 0: does not run
    ProcessHandle handle = {};  // of that process: what is signalled
    int restarts = 0;
    std::string last_end;  // "exit code 1", "killed by signal 9", or why it could not start
    int failures = 0;      // in a row
    int starts = 0;
    std::int64_t started_ms = 0, start_at_ms = 0, back_off_ms = 0;
    bool wanted = true;
  };

  // Starts nothing yet.
  explicit Supervisor(BackOff back_off = {}, LogLimits logs = {}) : back_off_(back_off), logs_(logs) {}
  // stop() with its default bound.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // The next step() starts it. It is given SIGTERM when we die, unless the spec names another signal. REQUIRES: a name
  // not yet used.
  void add(const std::string& name, ProcessSpec spec);
  // Reaps what ended, starts what is due, keeps the logs within their limits (a look a second), waits for nothing.
  // `now_ms` is a monotonic clock of the caller's.
  void step(std::int64_t now_ms);
  // The child that can't be kept running, why, and where its log is; empty while there is none.
  [[nodiscard]] std::string hopeless() const;
  [[nodiscard]] const std::vector<Child>& children() const { return children_; }
  // REQUIRES: a known name.
  [[nodiscard]] const Child& child(const std::string& name) const;

  // Asks it to end (SIGTERM); it is not started again. REQUIRES: a known name.
  void ask_to_end(const std::string& name);
  // Asks all, newest first, waits within the bound, then SIGKILL. Returns how many had to be killed. Harmless again.
  int stop(std::int64_t within_ms = 10'000);

 private:
  // True when it does not run any more.
  bool reap(Child& child, std::int64_t now_ms);
  void start(Child& child, std::int64_t now_ms);
  void schedule(Child& child, std::int64_t now_ms) const;

  BackOff back_off_;
  LogLimits logs_;
  std::int64_t logs_looked_ms_ = 0;
  std::vector<Child> children_;
};

}  // namespace deploy
