// brokers/wire/socket.hpp: owner types over cppzmq: the dealer that a worker or client holds, the router that a broker
// or venue holds. CURVE always. Nothing blocks but Poller::wait. A socket belongs to one thread. No exception leaves
// this folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "brokers/wire/keys.hpp"

namespace brokers::wire {

// sent: taken over. would_block: the peer's queue is full, nothing was sent. gone: no such peer, nothing was sent.
enum class SendResult { sent, would_block, gone };

class Context {
 public:
  // Owns the one I/O thread that its sockets share; it must outlive them.
  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  struct Held;
  [[nodiscard]] Held& held() const { return *held_; }

 private:
  std::unique_ptr<Held> held_;
};

inline constexpr std::int64_t max_message_bytes = 4 << 20;
// What a router takes in one message: requests are small, only answers are long. A peer that sends more is cut off.
inline constexpr std::int64_t most_request_bytes = 1 << 20;

// Connects to one endpoint with a fresh routing id; queues nothing for a peer that is not there (IMMEDIATE), leaves
// nothing behind (LINGER 0).
class DealerSocket {
 public:
  DealerSocket(Context& context, const std::string& endpoint, const CurveKeys& own,
               const std::string& server_public_key);
  ~DealerSocket();
  DealerSocket(DealerSocket&&) noexcept;
  DealerSocket& operator=(DealerSocket&&) noexcept;
  // Never blocks. A message is sent whole or not at all.
  SendResult send(std::string_view bytes);
  std::optional<std::string> receive();  // never blocks
  // Why it will never speak: a malformed endpoint or key. Empty when nothing is wrong.
  [[nodiscard]] const std::string& problem() const;
  struct Held;
  [[nodiscard]] Held& held() const { return *held_; }

 private:
  std::unique_ptr<Held> held_;
};

struct Received {
  std::string peer;     // routing id, valid while the connection lives
  std::string user_id;  // what the ZAP handler bound to the peer's key: "role:name"
  std::string bytes;
};

// Listens. REQUIRES: a ZapServer runs on the context before bind(): a CURVE server without one accepts any key.
class RouterSocket {
 public:
  RouterSocket(Context& context, const CurveKeys& own);
  ~RouterSocket();
  RouterSocket(RouterSocket&&) noexcept;
  RouterSocket& operator=(RouterSocket&&) noexcept;
  // Errors: the endpoint is in use or malformed, its path is too long for a Unix socket, or our keys are no keys.
  Wired<bool> bind(const std::string& endpoint);
  // To the peer of this routing id; never blocks.
  SendResult send(const std::string& peer, std::string_view bytes);
  std::optional<Received> receive();  // never blocks
  // How many tries to connect spoke no CURVE (plain peers, other programs): their handshake never came to a key.
  [[nodiscard]] std::int64_t plain_peers() const;
  // Where it listens, with the port that a "tcp://127.0.0.1:*" was given. REQUIRES: bound.
  [[nodiscard]] std::string endpoint() const;
  struct Held;
  [[nodiscard]] Held& held() const { return *held_; }

 private:
  std::unique_ptr<Held> held_;
};

// Waits until one of the sockets can be read or the time is over; never for writing.
class Poller {
 public:
  Poller();
  ~Poller();
  // Borrows the socket until clear().
  void add(DealerSocket& socket);
  void add(RouterSocket& socket);
  void clear();
  // True when something can be read. An interrupting signal ends the wait early.
  bool wait(std::chrono::milliseconds at_most);

 private:
  struct Held;
  std::unique_ptr<Held> held_;
};

// An ipc endpoint's path must fit sockaddr_un: 107 bytes. Errors: names the path and its length.
Wired<bool> check_endpoint(const std::string& endpoint);

}  // namespace brokers::wire
