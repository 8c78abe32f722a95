#include "deploy/house/broker_view.hpp"

#include <algorithm>
#include <chrono>

#include "brokers/wire/socket.hpp"

namespace deploy {

std::vector<BrokerState> ask_brokers(const Layout& layout, const std::vector<ledger::jobs::SeatView>& seats) {
  std::vector<BrokerState> states;
  states.reserve(seats.size());
  for (const auto& seat : seats) states.push_back({seat, std::nullopt});
  const auto keys = brokers::wire::read_keys(layout.key("client").string());
  if (!keys) return states;
  struct Asked {
    BrokerState* state;
    brokers::wire::DealerSocket socket;
    bool sent = false;
  };
  brokers::wire::Context context;
  brokers::wire::Poller poller;
  std::vector<Asked> asked;
  for (BrokerState& state : states)
    if (state.seat.lease_ms > 0)
      asked.push_back({&state, {context, state.seat.endpoint, *keys, state.seat.public_key}});
  for (Asked& one : asked) poller.add(one.socket);
  const auto waits = [](const Asked& one) { return !one.state->view; };
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (std::any_of(asked.begin(), asked.end(), waits) && std::chrono::steady_clock::now() < until) {
    for (Asked& one : asked)
      if (!one.sent) one.sent = one.socket.send(schemas::encode(schemas::Query{})) == brokers::wire::SendResult::sent;
    if (!poller.wait(std::chrono::milliseconds(20))) continue;
    for (Asked& one : asked)
      while (const auto bytes = one.socket.receive()) {
        const auto message = schemas::decode(*bytes);
        if (!message) continue;
        if (const auto* view = std::get_if<schemas::BrokerView>(&*message)) one.state->view = *view;
      }
  }
  return states;
}

}  // namespace deploy
