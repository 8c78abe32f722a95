#include "tests/support/child.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "machines/core/check.hpp"

namespace tests {

Child::Child(std::vector<std::string> argv, std::vector<std::string> environment) {
  deploy::ProcessSpec spec;
  spec.argv = std::move(argv);
  spec.environment = std::move(environment);
  spec.log_file = (folder_.path() / "output").string();
  spec.work_dir = folder_.path().string();
  spec.death_signal = SIGKILL;
  const auto started = deploy::spawn(spec);
  if (!started) {
    std::fprintf(stderr, "%s\n", started.error().c_str());
    std::exit(1);
  }
  pid_ = *started;
}

Child::~Child() {
  if (!is_running()) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool Child::is_running() {
  if (!reaped_) reaped_ = waitpid(pid_, &status_, WNOHANG) == pid_;
  return !reaped_;
}

void Child::send(int signal_number) {
  if (is_running()) kill(pid_, signal_number);
}

deploy::Exit Child::wait(std::chrono::seconds within) {
  CHECK(wait_until([this] { return !is_running(); }, within));
  return deploy::exit_of(status_);
}

bool Child::wait_for_output(const std::string& text, std::chrono::seconds within) {
  bool seen = false;
  wait_until(
      [&] {
        const bool running = is_running();  // looked at first: what it wrote before its end counts
        seen = output().find(text) != std::string::npos;
        return seen || !running;
      },
      within);
  return seen;
}

void pause_briefly() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

}  // namespace tests
