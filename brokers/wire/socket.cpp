#include "brokers/wire/socket.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

#include "brokers/wire/zmq_handles.hpp"

namespace brokers::wire {
namespace {

constexpr int high_water_mark = 2000;
constexpr int most_unread = 64;  // requests of one peer that a router holds; the rest waits on the peer's side
constexpr rlim_t files_wanted = 65'536;
constexpr int handshake_ms = 3000;
constexpr int zmtp_heartbeat_ms = 2000;
constexpr int zap_enforce_domain = 93;  // hidden as DRAFT in the packaged header, works in the packaged library

// libzmq aborts the process where a Unix socket's accept() finds no file descriptor left, so strangers who only connect
// could end it: the soft limit, often 1,024, goes up as far as it may. Each of them is gone after the handshake's time.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= files_wanted) return;
  limit.rlim_cur = std::min(limit.rlim_max, files_wanted);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

bool wait_for_nothing(const zmq::error_t& error) { return error.num() == EAGAIN || error.num() == EINTR; }

}  // namespace

void set_common_options(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::sndhwm, high_water_mark);
  socket.set(zmq::sockopt::rcvhwm, high_water_mark);
  socket.set(zmq::sockopt::maxmsgsize, max_message_bytes);
  socket.set(zmq::sockopt::handshake_ivl, handshake_ms);
}

Context::Context() : held_(std::make_unique<Held>()) { raise_file_limit(); }
Context::~Context() = default;

DealerSocket::DealerSocket(Context& context, const std::string& endpoint, const CurveKeys& own,
                           const std::string& server_public_key)
    : held_(std::make_unique<Held>(Held{zmq::socket_t(context.held().context, zmq::socket_type::dealer)})) {
  auto& socket = held_->socket;
  set_common_options(socket);
  socket.set(zmq::sockopt::immediate, 1);
  socket.set(zmq::sockopt::heartbeat_ivl, zmtp_heartbeat_ms);
  socket.set(zmq::sockopt::heartbeat_timeout, 3 * zmtp_heartbeat_ms);
  socket.set(zmq::sockopt::heartbeat_ttl, 3 * zmtp_heartbeat_ms);
  socket.set(zmq::sockopt::reconnect_ivl, 50);
  socket.set(zmq::sockopt::reconnect_ivl_max, 1000);
  try {
    socket.set(zmq::sockopt::curve_serverkey, server_public_key);
    socket.set(zmq::sockopt::curve_publickey, own.public_key);
    socket.set(zmq::sockopt::curve_secretkey, own.secret_key);
    socket.connect(endpoint);
  } catch (const zmq::error_t& error) {
    held_->problem = fmt::format("{}: can't connect there with these keys: {}", endpoint, error.what());
  }
}
const std::string& DealerSocket::problem() const { return held_->problem; }
DealerSocket::~DealerSocket() = default;
DealerSocket::DealerSocket(DealerSocket&&) noexcept = default;
DealerSocket& DealerSocket::operator=(DealerSocket&&) noexcept = default;

SendResult DealerSocket::send(std::string_view bytes) {
  try {
    return held_->socket.send(zmq::buffer(bytes), zmq::send_flags::dontwait) ? SendResult::sent
                                                                             : SendResult::would_block;
  } catch (const zmq::error_t& error) {
    return wait_for_nothing(error) ? SendResult::would_block : SendResult::gone;
  }
}

std::optional<std::string> DealerSocket::receive() {
  try {
    zmq::message_t frame;
    if (!held_->socket.recv(frame, zmq::recv_flags::dontwait)) return std::nullopt;
    std::string bytes = frame.to_string();
    while (frame.more())
      (void)held_->socket.recv(frame, zmq::recv_flags::dontwait);  // one frame a message: the rest is not ours
    return bytes;
  } catch (const zmq::error_t&) {
    return std::nullopt;
  }
}

namespace {

void watch_handshakes(Context& context, RouterSocket::Held& held) {
  const std::string endpoint = fmt::format("inproc://handshakes-{}", static_cast<const void*>(&held));
  if (zmq_socket_monitor(held.socket.handle(), endpoint.c_str(), ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) != 0) return;
  held.handshakes.emplace(context.held().context, zmq::socket_type::pair);
  held.handshakes->set(zmq::sockopt::linger, 0);
  held.handshakes->connect(endpoint);
}

}  // namespace

RouterSocket::RouterSocket(Context& context, const CurveKeys& own)
    : held_(std::make_unique<Held>(Held{zmq::socket_t(context.held().context, zmq::socket_type::router)})) {
  auto& socket = held_->socket;
  set_common_options(socket);
  // 64 MiB a peer at most, while nobody reads because PostgreSQL is away.
  socket.set(zmq::sockopt::rcvhwm, most_unread);
  socket.set(zmq::sockopt::maxmsgsize, most_request_bytes);
  // No heartbeats from here: libzmq 4.3.4 aborts when it has one to send to a peer that went away while more than we
  // had read lay here. Each dealer sends them, with the time after which we take it for gone.
  socket.set(zmq::sockopt::router_mandatory, 1);
  socket.set(zmq::sockopt::curve_server, 1);
  try {
    socket.set(zmq::sockopt::curve_publickey, own.public_key);
    socket.set(zmq::sockopt::curve_secretkey, own.secret_key);
  } catch (const zmq::error_t&) {
    held_->problem = "our own keys are no CURVE keys: make new ones";
  }
  watch_handshakes(context, *held_);
  socket.set(zmq::sockopt::zap_domain, zap_domain);
  const int enforce = 1;
  (void)zmq_setsockopt(socket.handle(), zap_enforce_domain, &enforce, sizeof enforce);
}
RouterSocket::~RouterSocket() = default;
RouterSocket::RouterSocket(RouterSocket&&) noexcept = default;
RouterSocket& RouterSocket::operator=(RouterSocket&&) noexcept = default;

Wired<bool> RouterSocket::bind(const std::string& endpoint) {
  if (!held_->problem.empty()) return machines::fail(WireError{fmt::format("{}: {}", endpoint, held_->problem)});
  if (auto fits = check_endpoint(endpoint); !fits) return fits;
  try {
    held_->socket.bind(endpoint);
    return true;
  } catch (const zmq::error_t& error) {
    return machines::fail(WireError{fmt::format("{}: can't listen here: {}", endpoint, error.what())});
  }
}

// Each report is two frames: what happened, and where.
std::int64_t RouterSocket::plain_peers() const {
  try {
    for (zmq::message_t frame; held_->handshakes && held_->handshakes->recv(frame, zmq::recv_flags::dontwait);)
      held_->plain_peers += frame.more() ? 1 : 0;
  } catch (const zmq::error_t&) {
    return held_->plain_peers;  // the context ends
  }
  return held_->plain_peers;
}

std::string RouterSocket::endpoint() const { return held_->socket.get(zmq::sockopt::last_endpoint); }

SendResult RouterSocket::send(const std::string& peer, std::string_view bytes) {
  try {
    auto& socket = held_->socket;
    // The first frame decides: refused there, nothing was sent.
    if (!socket.send(zmq::buffer(peer), zmq::send_flags::sndmore | zmq::send_flags::dontwait))
      return SendResult::would_block;
    (void)socket.send(zmq::buffer(bytes), zmq::send_flags::dontwait);
    return SendResult::sent;
  } catch (const zmq::error_t& error) {
    return wait_for_nothing(error) ? SendResult::would_block : SendResult::gone;
  }
}

std::optional<Received> RouterSocket::receive() {
  try {
    zmq::message_t peer;
    if (!held_->socket.recv(peer, zmq::recv_flags::dontwait)) return std::nullopt;
    Received received;
    received.peer = peer.to_string();
    zmq::message_t frame;
    if (!peer.more() || !held_->socket.recv(frame)) return received;
    // After a poll the routing-id frame carries no metadata in 4.3.4: the later frame does.
    try {
      received.user_id = frame.gets("User-Id");
    } catch (const zmq::error_t&) {
      received.user_id.clear();
    }
    received.bytes = frame.to_string();
    while (frame.more()) (void)held_->socket.recv(frame);
    return received;
  } catch (const zmq::error_t&) {
    return std::nullopt;
  }
}

struct Poller::Held {
  std::vector<zmq_pollitem_t> items;
};
Poller::Poller() : held_(std::make_unique<Held>()) {}
Poller::~Poller() = default;
void Poller::add(DealerSocket& socket) { held_->items.push_back({socket.held().socket.handle(), 0, ZMQ_POLLIN, 0}); }
void Poller::add(RouterSocket& socket) { held_->items.push_back({socket.held().socket.handle(), 0, ZMQ_POLLIN, 0}); }
void Poller::clear() { held_->items.clear(); }
bool Poller::wait(std::chrono::milliseconds at_most) {
  return zmq_poll(held_->items.data(), static_cast<int>(held_->items.size()), at_most.count()) > 0;
}

Wired<bool> check_endpoint(const std::string& endpoint) {
  constexpr std::string_view ipc = "ipc://";
  constexpr std::size_t longest = 107;
  if (endpoint.rfind(ipc, 0) != 0) return true;
  const std::string path = endpoint.substr(ipc.size());
  if (path.size() <= longest) return true;
  return machines::fail(
      WireError{fmt::format("{}: a Unix socket's path may have {} bytes, this one has {}; choose a shorter --data-dir",
                            path, longest, path.size())});
}

}  // namespace brokers::wire
