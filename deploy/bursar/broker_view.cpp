#include "deploy/bursar/broker_view.hpp"

#include <chrono>

#include "brokers/wire/socket.hpp"

namespace deploy {

std::optional<schemas::BrokerView> ask_broker(const Layout& layout) {
  const auto keys = brokers::wire::read_keys(layout.key("client").string());
  const auto server = brokers::wire::read_public_key(layout.key("broker").string() + ".pub");
  if (!keys || !server) return std::nullopt;
  brokers::wire::Context context;
  brokers::wire::DealerSocket socket(context, layout.broker_endpoint(), *keys, *server);
  brokers::wire::Poller poller;
  poller.add(socket);
  bool asked = false;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (std::chrono::steady_clock::now() < until) {
    if (!asked) asked = socket.send(schemas::encode(schemas::Query{})) == brokers::wire::SendResult::sent;
    if (!poller.wait(std::chrono::milliseconds(20))) continue;
    while (const auto bytes = socket.receive()) {
      const auto message = schemas::decode(*bytes);
      if (!message) continue;
      if (const auto* view = std::get_if<schemas::BrokerView>(&*message)) return *view;
    }
  }
  return std::nullopt;
}

}  // namespace deploy
