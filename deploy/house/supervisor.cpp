#include "deploy/house/supervisor.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "machines/core/check.hpp"

namespace deploy {

Supervisor::~Supervisor() { stop(); }

void Supervisor::add(const std::string& name, ProcessSpec spec) {
  for (const Child& other : children_) CHECK(other.name != name);
  if (spec.death_signal == 0) spec.death_signal = SIGTERM;
  Child added;
  added.name = name;
  added.spec = std::move(spec);
  children_.push_back(std::move(added));
}

void Supervisor::step(std::int64_t now_ms) {
  if (now_ms - logs_looked_ms_ >= 1'000) {
    logs_looked_ms_ = now_ms;
    for (const Child& child : children_)
      if (!child.spec.log_file.empty()) keep_log_short(child.spec.log_file, logs_);
  }
  for (Child& child : children_) {
    if (!reap(child, now_ms) || !child.wanted) continue;
    if (child.starts == 0 || now_ms >= child.start_at_ms) start(child, now_ms);
  }
}

// Only our own pids are waited for: other parts of the program have children too.
bool Supervisor::reap(Child& child, std::int64_t now_ms) {
  if (child.pid == 0) return true;
  int status = 0;
  const pid_t reaped = waitpid(child.pid, &status, WNOHANG);
  if (reaped == 0 || (reaped < 0 && errno != ECHILD)) return false;
  child.pid = 0;
  child.handle = {};
  child.last_end = reaped < 0 ? "gone" : exit_of(status).text;
  if (now_ms - child.started_ms >= back_off_.settled_ms) {
    child.back_off_ms = 0;
    child.failures = 0;
  }
  if (reaped > 0 && WIFEXITED(status)) ++child.failures;
  schedule(child, now_ms);
  return true;
}

void Supervisor::schedule(Child& child, std::int64_t now_ms) const {
  child.back_off_ms =
      child.back_off_ms == 0 ? back_off_.first_ms : std::min(child.back_off_ms * 2, back_off_.longest_ms);
  child.start_at_ms = now_ms + child.back_off_ms;
}

void Supervisor::start(Child& child, std::int64_t now_ms) {
  if (child.starts++ > 0) ++child.restarts;
  child.started_ms = now_ms;
  const auto started = spawn(child.spec);
  if (started) {
    child.pid = *started;
    child.handle = ProcessHandle(*started);
    return;
  }
  child.last_end = started.error();
  ++child.failures;
  schedule(child, now_ms);
}

std::string Supervisor::hopeless() const {
  for (const Child& child : children_) {
    if (!child.wanted || child.failures < back_off_.most_failures) continue;
    const std::string log = child.spec.log_file.empty() ? "" : fmt::format("; see {}", child.spec.log_file);
    return fmt::format("{} ended {} times in a row, the last time with: {}{}", child.name, child.failures,
                       child.last_end, log);
  }
  return "";
}

const Supervisor::Child& Supervisor::child(const std::string& name) const {
  const auto found =
      std::find_if(children_.begin(), children_.end(), [&](const Child& other) { return other.name == name; });
  CHECK(found != children_.end());
  return *found;
}

void Supervisor::ask_to_end(const std::string& name) {
  const auto found =
      std::find_if(children_.begin(), children_.end(), [&](const Child& other) { return other.name == name; });
  CHECK(found != children_.end());
  found->wanted = false;
  found->handle.signal(SIGTERM);
}

int Supervisor::stop(std::int64_t within_ms) {
  using std::chrono::steady_clock;
  for (auto asked = children_.rbegin(); asked != children_.rend(); ++asked) ask_to_end(asked->name);
  const auto until = steady_clock::now() + std::chrono::milliseconds(within_ms);
  const auto all_ended = [&] {
    bool ended = true;
    for (Child& child : children_) ended = reap(child, 0) && ended;
    return ended;
  };
  while (!all_ended() && steady_clock::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  int killed = 0;
  for (Child& child : children_) {
    if (child.pid == 0) continue;
    child.handle.signal(SIGKILL);
    while (waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    child.pid = 0;
    child.handle = {};
    ++killed;
  }
  return killed;
}

}  // namespace deploy
