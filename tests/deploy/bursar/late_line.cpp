#include "tests/deploy/bursar/late_line.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <list>
#include <string>
#include <vector>

#include "machines/core/check.hpp"

namespace tests {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// One direction of a connection.
struct Way {
  int from = -1, to = -1;
  std::string waiting = {};
  bool ended = false, told = false;  // `from` says no more; `to` was told so
};
struct Line {
  Way there, back;
  bool is_old = false, broken = false;
};

void take(Way& way) {
  std::array<char, 16384> buffer{};
  while (!way.ended) {
    const ssize_t got = recv(way.from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0) {
      way.ended = errno != EAGAIN && errno != EINTR;  // torn: what came still arrives
      return;
    }
    if (got == 0) way.ended = true;
    way.waiting.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

void hand_on(Line& line, Way& way) {
  while (!way.waiting.empty()) {
    const ssize_t sent = send(way.to, way.waiting.data(), way.waiting.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      way.waiting.clear();
      line.broken = &way == &line.there;  // a worker that hung up hears nothing; the venue hears all
      return;
    }
    way.waiting.erase(0, static_cast<std::size_t>(sent));
  }
  if (way.ended && !way.told) shutdown(way.to, SHUT_WR);
  way.told = way.ended;
}

}  // namespace

LateLine::LateLine(int port, int to_port) : to_port_(to_port) {
  listening_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int yes = 1;
  setsockopt(listening_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const auto address = loopback(port);
  CHECK(bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(listen(listening_, 16) == 0);
  thread_ = std::thread([this] { run(); });
}

LateLine::~LateLine() {
  stop_ = true;
  thread_.join();
  close(listening_);
}

void LateLine::run() {
  std::list<Line> lines;
  Mode before = Mode::free;
  while (!stop_) {
    const Mode mode = mode_;
    if (mode == Mode::hold_old && before != mode)
      for (Line& line : lines) line.is_old = true;
    before = mode;
    std::vector<pollfd> watched{{listening_, POLLIN, 0}};
    for (const Line& line : lines)
      for (const Way* way : {&line.there, &line.back})
        if (!way->ended) watched.push_back({way->from, POLLIN, 0});
    poll(watched.data(), watched.size(), 1);
    if (const int in = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); in >= 0) {
      const int out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const auto address = loopback(to_port_);
      const bool reached = connect(out, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
      Line line;
      line.there = {in, out};
      line.back = {out, in};
      line.broken = !reached;
      lines.push_back(std::move(line));
    }
    std::size_t held = 0;
    for (Line& line : lines) {
      take(line.there);
      take(line.back);
      const bool holds = mode == Mode::hold_all || (mode == Mode::hold_old && line.is_old);
      if (!holds) hand_on(line, line.there);
      answered_ = answered_ || !line.back.waiting.empty();
      hand_on(line, line.back);
      held += line.there.waiting.size();
      line.broken = line.broken || (line.there.told && line.back.told);
      if (!line.broken) continue;
      close(line.there.from);
      close(line.there.to);
    }
    std::erase_if(lines, [](const Line& line) { return line.broken; });
    held_ = held;
  }
  for (const Line& line : lines) {
    close(line.there.from);
    close(line.there.to);
  }
}

}  // namespace tests
