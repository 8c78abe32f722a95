#include "deploy/house/server_watch.hpp"

#include <spdlog/spdlog.h>

#include <csignal>
#include <utility>

#include "ledger/store/dsn.hpp"

namespace deploy {

using ledger::audit::keep;
using ledger::audit::look_at;

namespace {

constexpr std::chrono::seconds look_every{5};

// The process's signals are for its main thread, whose waiting they end.
std::thread without_signals(std::function<void()> run) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(run));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

ServerWatch::ServerWatch(std::string dsn, std::filesystem::path file)
    : dsn_(std::move(dsn)), file_(std::move(file)), server_guard_(file_), thread_(without_signals([this] { run(); })) {}

ServerWatch::~ServerWatch() {
  {
    const std::lock_guard guard(mutex_);
    stop_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

// Its session is given back after each look: a process apart keeps one.
void ServerWatch::run() {
  // Short questions, and nobody waits for the answer: a silent server must not hold up the end of the process.
  ledger::Connection connection(ledger::with_options(dsn_, "-c statement_timeout=2000"));
  std::unique_lock guard(mutex_);
  while (!ended_.wait_for(guard, look_every, [this] { return stop_; })) {
    guard.unlock();
    look(connection);
    connection.disconnect();
    guard.lock();
  }
}

void ServerWatch::look(ledger::Connection& connection) {
  auto now = look_at(connection);
  if (!now || !*now || *now == seen_) return;
  if (keep(file_, **now)) {
    seen_ = std::move(*now);
  } else if (!std::exchange(complained_, true)) {
    spdlog::warn(
        "{}: can't be written, so another server than today's would not be noticed after a restart; name "
        "another place as postgres.seen_file",
        file_.string());
  }
}

}  // namespace deploy
