#include "tests/chaos/relay.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <list>

#include "machines/core/check.hpp"

namespace tests::chaos {
namespace {

constexpr std::size_t most_waiting = 1 << 20;  // bytes one way; then its sender feels it

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

sockaddr_in address_of(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  CHECK(inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1);
  return address;
}

struct Held {
  std::int64_t due_ms = 0;
  std::string bytes;
};

// One direction: from one socket, through the waiting bytes, to the other.
struct Way {
  int from = -1, to = -1;
  std::deque<Held> waiting;
  std::size_t bytes = 0;
  bool ended = false;  // `from` says no more
};

struct Line {
  std::array<Way, 2> ways;
  bool broken = false;
};

// Takes what has arrived; never waits.
void take(Line& line, Way& way, std::int64_t delay_ms) {
  std::array<char, 16384> buffer{};
  while (!way.ended && way.bytes < most_waiting) {
    const ssize_t got = recv(way.from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0) {
      line.broken = line.broken || (errno != EAGAIN && errno != EINTR);
      return;
    }
    way.ended = got == 0;
    if (got == 0) return;
    way.waiting.push_back({steady_ms() + delay_ms, std::string(buffer.data(), static_cast<std::size_t>(got))});
    way.bytes += static_cast<std::size_t>(got);
  }
}

// Hands on what is due; the bytes that went.
std::int64_t hand_on(Line& line, Way& way) {
  std::int64_t went = 0;
  while (!way.waiting.empty() && way.waiting.front().due_ms <= steady_ms()) {
    std::string& bytes = way.waiting.front().bytes;
    const ssize_t sent = send(way.to, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      line.broken = line.broken || (errno != EAGAIN && errno != EINTR);
      return went;
    }
    went += sent;
    way.bytes -= static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < bytes.size()) {
      bytes.erase(0, static_cast<std::size_t>(sent));
      return went;
    }
    way.waiting.pop_front();
  }
  // Only then does the other end hear that nothing more comes.
  if (way.ended && way.waiting.empty()) shutdown(way.to, SHUT_WR);
  return went;
}

void close_line(const Line& line) {
  close(line.ways[0].from);
  close(line.ways[0].to);
}

// A connection that came in, and one of ours to where it leads; nothing where that can't be had.
void accept_line(int listening, const Route& route, std::list<Line>& lines) {
  const int in = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (in < 0) return;
  const int out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  CHECK(out >= 0);
  const int yes = 1;
  setsockopt(in, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const auto address = address_of(route.address, route.to_port);
  if (connect(out, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
    close(in);
    close(out);
    return;
  }
  Line line;
  line.ways[0] = {in, out, {}, 0, false};
  line.ways[1] = {out, in, {}, 0, false};
  lines.push_back(std::move(line));
}

// Of a connection under way recv() and send() say EAGAIN or ENOTCONN: it is looked at once it can be written to.
bool is_connecting(const Line& line) {
  pollfd out{line.ways[0].to, POLLOUT, 0};
  return poll(&out, 1, 0) == 0;
}

}  // namespace

Relay::Relay(const Network& network, const std::string& host, const std::vector<Route>& routes) : routes_(routes) {
  network.on(host, [this] {
    for (const Route& route : routes_) {
      const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      const int yes = 1;
      setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
      const auto address = address_of("0.0.0.0", route.port);
      CHECK(bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
      CHECK(listen(listening, 64) == 0);
      listening_.push_back(listening);
    }
  });
  thread_ = std::thread([this, &network, host] {
    network.move_this_thread_to(host);
    run();
  });
}

Relay::~Relay() {
  stop_ = true;
  thread_.join();
  for (const int listening : listening_) close(listening);
}

void Relay::lead(int port, const std::string& address) {
  const std::lock_guard lock(mutex_);
  for (Route& route : routes_)
    if (route.port == port) route.address = address;
}

Route Relay::route(std::size_t index) {
  const std::lock_guard lock(mutex_);
  return routes_[index];
}

void Relay::run() {
  std::list<Line> lines;
  while (!stop_) {
    std::vector<pollfd> watched;
    for (const int listening : listening_) watched.push_back({listening, POLLIN, 0});
    bool waits = stalls_;
    for (const Line& line : lines)
      for (const Way& way : line.ways) {
        waits = waits || !way.waiting.empty() || way.ended;
        if (!stalls_ && !way.ended) watched.push_back({way.from, POLLIN, 0});
      }
    poll(watched.data(), watched.size(), waits ? 1 : 20);
    for (std::size_t i = 0; i < listening_.size(); ++i)
      if ((watched[i].revents & POLLIN) != 0) accept_line(listening_[i], route(i), lines);
    if (stalls_) continue;
    for (Line& line : lines) {
      if (is_connecting(line)) continue;
      for (Way& way : line.ways) {
        take(line, way, delay_ms_);
        carried_ += hand_on(line, way);
      }
      const auto& [there, back] = line.ways;
      line.broken = line.broken || (there.ended && back.ended && there.waiting.empty() && back.waiting.empty());
    }
    for (const Line& line : lines)
      if (line.broken) close_line(line);
    std::erase_if(lines, [](const Line& line) { return line.broken; });
  }
  for (const Line& line : lines) close_line(line);
}

}  // namespace tests::chaos
