#include "brokers/wire/zap.hpp"

#include <fmt/format.h>

#include <thread>

#include "brokers/wire/zmq_handles.hpp"
#include "machines/core/names.hpp"

namespace brokers::wire {
namespace {

constexpr int poll_ms = 50;
constexpr std::size_t curve_key_bytes = 32;

std::string frame_text(const zmq::message_t& frame) { return frame.to_string(); }

std::string z85_of(const zmq::message_t& key) {
  char text[41] = {};
  if (key.size() != curve_key_bytes ||
      zmq_z85_encode(text, static_cast<const std::uint8_t*>(key.data()), key.size()) == nullptr)
    return {};
  return text;
}

}  // namespace

struct ZapServer::Held {
  explicit Held(Context& context, std::map<std::string, Peer> peers)
      : known(std::move(peers)), socket(context.held().context, zmq::socket_type::rep) {
    socket.set(zmq::sockopt::linger, 0);
    socket.bind(zap_endpoint);
    thread = std::thread([this] { serve(); });
  }
  ~Held() {
    stop = true;
    thread.join();
  }

  void serve() {
    while (!stop) {
      zmq_pollitem_t item{socket.handle(), 0, ZMQ_POLLIN, 0};
      if (zmq_poll(&item, 1, poll_ms) > 0) answer_one();
    }
  }

  // version, request id, domain, address, identity, mechanism, credentials (RFC 27).
  void answer_one() {
    std::vector<zmq::message_t> frames;
    do {
      frames.emplace_back();
      if (!socket.recv(frames.back())) return;
    } while (frames.back().more());
    const std::string request = frames.size() > 1 ? frame_text(frames[1]) : "";
    const bool is_curve = frames.size() >= 7 && frame_text(frames[5]) == "CURVE";
    const auto found = is_curve ? known.find(z85_of(frames[6])) : known.end();
    if (found == known.end()) {
      ++refusals;
      reply(request, "400", "unknown key", "");
    } else {
      reply(request, "200", "", fmt::format("{}:{}", machines::name_of(found->second.role), found->second.name));
    }
  }

  void reply(const std::string& request, std::string_view code, std::string_view text, const std::string& user) {
    using zmq::send_flags;
    (void)socket.send(zmq::buffer(std::string_view("1.0")), send_flags::sndmore);
    (void)socket.send(zmq::buffer(request), send_flags::sndmore);
    (void)socket.send(zmq::buffer(code), send_flags::sndmore);
    (void)socket.send(zmq::buffer(text), send_flags::sndmore);
    (void)socket.send(zmq::buffer(user), send_flags::sndmore);
    (void)socket.send(zmq::message_t{}, send_flags::none);
  }

  std::map<std::string, Peer> known;
  zmq::socket_t socket;
  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> refusals = 0;
  std::thread thread;
};

ZapServer::ZapServer(Context& context, std::map<std::string, Peer> known)
    : held_(std::make_unique<Held>(context, std::move(known))) {}
ZapServer::~ZapServer() = default;
std::int64_t ZapServer::refused() const { return held_->refusals; }

std::optional<Peer> peer_of(std::string_view user_id) {
  const auto colon = user_id.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto role = machines::from_name<Role>(user_id.substr(0, colon));
  if (!role) return std::nullopt;
  return Peer{*role, std::string(user_id.substr(colon + 1))};
}

Wired<bool> prove_refusal(Context& context, const ZapServer& zap, const std::string& endpoint,
                          const std::string& server_public_key) {
  constexpr int tries = 100;
  const std::int64_t before = zap.refused();
  DealerSocket stranger(context, endpoint, make_keys(), server_public_key);
  for (int i = 0; i < tries; ++i) {
    if (stranger.send("knock") == SendResult::sent)
      return machines::fail(
          WireError{fmt::format("{}: a key that nobody knows was let in; refusing to serve", endpoint)});
    if (zap.refused() > before) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return machines::fail(
      WireError{fmt::format("{}: could not prove that an unknown key is refused; refusing to serve", endpoint)});
}

}  // namespace brokers::wire
