#include "deploy/replay/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "deploy/terminal/print.hpp"
#include "ledger/env/times.hpp"

namespace deploy {
namespace {

constexpr std::size_t width = 30;

std::int64_t steady_ms() { return ledger::env::steady_us() / 1000; }

std::size_t columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 120;
}

}  // namespace

Progress::Progress(std::size_t bars, std::size_t played)
    : bars_(bars),
      first_(played),
      terminal_(isatty(STDERR_FILENO) != 0),
      began_ms_(steady_ms()),
      shown_ms_(began_ms_) {}

void Progress::show(std::size_t played, const House& house) {
  const std::int64_t now = steady_ms();
  if (now - shown_ms_ < (terminal_ ? 200 : 5'000)) return;
  shown_ms_ = now;
  const double seconds = std::max(static_cast<double>(now - began_ms_) / 1000.0, 0.001);
  const double rate = static_cast<double>(played - std::min(played, first_)) / seconds;
  int up = 0, restarts = house.database_restarts();
  for (const auto& child : house.supervisor().children()) {
    up += child.pid != 0;
    restarts += child.restarts;
  }
  const std::size_t filled = bars_ == 0 ? width : played * width / bars_;
  std::string line =
      fmt::format("[{}{}] {:3} %  bar {} of {}", std::string(filled, '#'), std::string(width - filled, '.'),
                  bars_ == 0 ? 100 : played * 100 / bars_, played, bars_);
  if (rate > 0)
    line += fmt::format(", {:.0f} a second, {:.0f} s left", rate, static_cast<double>(bars_ - played) / rate);
  line += fmt::format(", {} processes", up);
  if (restarts > 0) line += fmt::format(", {} restarted", restarts);
  if (!terminal_) {
    print_text(stderr, "{}\n", line);
    return;
  }
  // What the line before had in excess is blanked out; never more than a terminal is wide, or it would scroll.
  line.resize(std::min(line.size(), columns() - 1));
  print_text(stderr, "\r{}{}", line, std::string(shown_ > line.size() ? shown_ - line.size() : 0, ' '));
  shown_ = line.size();
}

void Progress::end() {
  if (shown_ > 0) print_text(stderr, "\r{}\r", std::string(shown_, ' '));
  shown_ = 0;
}

}  // namespace deploy
