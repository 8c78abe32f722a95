#include "tests/failover/recorder.hpp"

#include <utility>

#include "ledger/store/connection.hpp"
#include "tests/support/child.hpp"

namespace tests::failover {
namespace {

constexpr ledger::SqlStatement note{"note", "INSERT INTO public.noted VALUES ($1)"};
constexpr ledger::SqlStatement stands{"stands", "SELECT EXISTS (SELECT FROM public.noted WHERE n = $1)", false};

// Whether number n stands now; asked until somebody answers. Nothing when told to stop.
bool look_up(ledger::Connection& connection, std::int64_t n, const std::atomic<bool>& stop) {
  while (!stop) {
    if (const auto found = connection.call(stands, ledger::Parameters().add(n))) return found->flag(0, 0);
    pause_briefly();
  }
  return false;
}

}  // namespace

Recorder::Recorder(std::string dsn) : dsn_(std::move(dsn)), thread_([this] { run(); }) {}

std::int64_t Recorder::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  return told_;
}

void Recorder::run() {
  ledger::Connection connection(dsn_);
  while (!stop_) {
    const auto noted = connection.call(note, ledger::Parameters().add(told_ + 1));
    if (noted || (noted.error().failure == ledger::StoreFailure::doubt && look_up(connection, told_ + 1, stop_)))
      ++told_;
    else
      pause_briefly();
  }
}

}  // namespace tests::failover
