// deploy/cluster/process.hpp: starts one child process that cannot outlive us by accident. Never a shell, never a copy
// of our open files or signal handling. The caller owns the pid and reaps it with waitpid.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "machines/core/result.hpp"

namespace deploy {

// A user of this machine to become: ids and groups looked up before the fork.
struct Identity {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};
// The user of that name, or nothing.
std::optional<Identity> find_user(const std::string& name);
// The name of a uid; its number as text when it has none.
std::string user_name(uid_t uid);

struct ProcessSpec {
  std::vector<std::string> argv;         // argv[0] is the path of the executable
  std::vector<std::string> environment;  // "NAME=value", on top of ours
  bool inherits_environment = true;      // false: it gets `environment` and nothing else
  std::string input;                     // its standard input, through a pipe: at most 64 KiB; empty: none, or ours
  std::optional<Identity> run_as;        // needs root
  std::string log_file;                  // both outputs are appended to it; empty: both are ours
  std::string work_dir = "/";
  int death_signal = 0;  // sent by the kernel when the thread that called spawn() ends; 0: none
};

// Starts the child in a session of its own (a Ctrl-C on our terminal is ours to hand on) and waits until its exec has
// worked. Call it from the main thread when death_signal is set: the kernel watches the calling thread.
// Errors: one line that names the executable and the reason; then no process is left.
machines::Result<pid_t, std::string> spawn(const ProcessSpec& spec);

// Does `work` as that user, in a fork of this process that has no way back; without a user, here. What a name leads to
// is then no more than that user could reach. Returns 0, or the errno that work() returned, or why no process
// could do it. REQUIRES: work() makes system calls alone, since other threads may hold locks, and returns an errno.
int do_as(const std::optional<Identity>& user, const std::function<int()>& work);

// A process by its descriptor: a number that the kernel gives to another one later is never signalled.
class ProcessHandle {
 public:
  ProcessHandle() = default;
  // Of a process that runs now; it holds nothing where there is none. A child is safe to name until it is reaped; of
  // any other one look at what it is after this, not before.
  explicit ProcessHandle(pid_t pid);
  ~ProcessHandle();
  ProcessHandle(ProcessHandle&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  ProcessHandle& operator=(ProcessHandle&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ProcessHandle(const ProcessHandle&) = delete;
  ProcessHandle& operator=(const ProcessHandle&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }  // 0: none
  // Sends the signal. False, and no process gets it, when this one has ended or there is none.
  bool signal(int number) const;

 private:
  pid_t pid_ = 0;
  int descriptor_ = -1;
};

struct Exit {
  int code = 0;      // of the process, or 128 + signal
  std::string text;  // "exit code 1", "killed by signal 9"
};
// What a status of waitpid() means, also in words.
Exit exit_of(int wait_status);

// Runs it to its end and returns what it did, with everything it printed (at most 64 KiB). Blocks: short programs only.
struct Finished {
  Exit exit;
  std::string output;
};
machines::Result<Finished, std::string> run_to_end(const ProcessSpec& spec);

}  // namespace deploy
