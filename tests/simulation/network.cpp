#include "tests/simulation/network.hpp"

#include <algorithm>

#include "machines/core/names.hpp"

namespace tests::simulation {

constexpr std::int64_t latency_us = 100;

std::shared_ptr<Link> Network::connect(const std::string& name, std::function<void(const std::string&)> deliver) {
  auto link = std::make_shared<Link>();
  link->name = name + "#" + std::to_string(++connections_);
  link->broker = listening_;
  link->deliver = std::move(deliver);
  links_[link->name] = link;
  return link;
}

void Network::to_broker(const std::shared_ptr<Link>& link, const std::string& bytes) {
  if (link->broker.expired()) {
    if (listening_.expired()) return;
    link->broker = listening_;
    ++link->breaks;
  }
  carry(link, true, bytes);
}

bool Network::to_peer(const Listener& broker, const std::string& peer, const std::string& bytes) {
  const auto found = links_.find(peer.substr(0, peer.rfind('/')));
  if (found == links_.end()) return false;
  const auto link = found->second.lock();
  if (!link || link->peer() != peer || link->broker.lock().get() != &broker) return false;
  carry(link, false, bytes);
  return true;
}

void Network::carry(const std::shared_ptr<Link>& link, bool outward, const std::string& bytes) {
  const std::string peer = link->peer();
  const Fault* fault = world_.plan.next(Site::message);
  if (fault != nullptr) world_.met(machines::name_of(fault->kind));
  if (fault != nullptr)
    world_.say("fault", [&] { return to_text(*fault) + (outward ? ", from " : ", to ") + link->name; });
  if (fault != nullptr && fault->kind == FaultKind::break_link) {
    ++link->breaks;
    return;
  }
  std::int64_t& free_us = outward ? link->out_free_us : link->in_free_us;
  std::int64_t arrives_us = std::max(world_.now_us() + latency_us, free_us);
  if (fault != nullptr && fault->kind == FaultKind::delay_message) arrives_us += fault->by;
  if (fault == nullptr || fault->kind != FaultKind::overtake)
    free_us = arrives_us;
  else
    arrives_us += fault->by;
  const auto arrive = [weak = std::weak_ptr(link), peer, outward, bytes] {
    const auto to = weak.lock();
    if (!to || to->peer() != peer) return;
    if (!outward) return to->deliver(bytes);
    if (const auto broker = to->broker.lock()) broker->heard(peer, bytes);
  };
  world_.after(arrives_us - world_.now_us(), arrive);
  if (fault != nullptr && fault->kind == FaultKind::double_message)
    world_.after(arrives_us - world_.now_us() + fault->by % 1'000, arrive);
}

}  // namespace tests::simulation
