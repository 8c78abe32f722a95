#include "deploy/bursar/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace deploy {
namespace {

constexpr std::size_t width = 30;

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Progress::Progress(std::size_t bars, std::size_t played)
    : bars_(bars), first_(played), terminal_(isatty(STDERR_FILENO) != 0), began_ms_(steady_ms()) {}

void Progress::show(std::size_t played, const House& house) {
  const std::int64_t now = steady_ms();
  if (now - shown_ms_ < (terminal_ ? 200 : 5'000)) return;
  shown_ms_ = now;
  const double seconds = std::max(static_cast<double>(now - began_ms_) / 1000.0, 0.001);
  const double rate = static_cast<double>(played - std::min(played, first_)) / seconds;
  const double left = rate > 0 ? static_cast<double>(bars_ - played) / rate : 0;
  int up = 0, restarts = house.database_restarts();
  for (const auto& child : house.supervisor().children()) {
    up += child.pid != 0;
    restarts += child.restarts;
  }
  const std::size_t filled = bars_ == 0 ? width : played * width / bars_;
  fmt::print(stderr, "{}[{}{}] {:3}%  bar {} of {}  {:.0f} bars/s  {:.0f} s left  {} processes{}{}", terminal_ ? "\r" : "",
             std::string(filled, '#'), std::string(width - filled, '.'), bars_ == 0 ? 100 : played * 100 / bars_, played, bars_, rate,
             left, up, restarts > 0 ? fmt::format(", {} restarts", restarts) : "", terminal_ ? "   " : "\n");
}

void Progress::end() {
  if (terminal_) fmt::print(stderr, "\r{:110}\r", "");
}

}  // namespace deploy
