// brokers/wire/zmq_handles.hpp: what the owner types own. Internal to brokers/wire: the only header that includes
// zmq.hpp.
#pragma once

#include <optional>
#include <zmq.hpp>

#include "brokers/wire/socket.hpp"

namespace brokers::wire {

struct Context::Held {
  zmq::context_t context{1};
};
struct DealerSocket::Held {
  zmq::socket_t socket;
  std::string problem = {};  // why it will never speak
};
struct RouterSocket::Held {
  zmq::socket_t socket;
  std::string problem = {};
  std::optional<zmq::socket_t> handshakes = std::nullopt;  // the library's report of those that failed
  std::int64_t plain_peers = 0;
};

inline constexpr const char* zap_domain = "bursar";
inline constexpr const char* zap_endpoint = "inproc://zeromq.zap.01";

// Options that both kinds share: bounded sizes and queues, quick handshakes.
void set_common_options(zmq::socket_t& socket);

}  // namespace brokers::wire
