#include "workers/harness/broker_links.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "ledger/env/times.hpp"
#include "schemas/codec/convert.hpp"
#include "workers/harness/executor.hpp"

namespace workers::harness {
namespace {

namespace wire = brokers::wire;

constexpr std::int64_t register_again_us = 300'000;
constexpr std::int64_t least_patience_us = 2'000'000;  // with a broker that has not welcomed us yet

using ledger::env::steady_us;

// An even share of a credit, at least one where there is any.
int share_of(int credit, std::size_t parts) { return credit <= 0 ? 0 : std::max(credit / static_cast<int>(parts), 1); }

}  // namespace

BrokerLinks::BrokerLinks(wire::Context& context, std::vector<BrokerAddress> brokers, wire::CurveKeys keys)
    : context_(context), keys_(std::move(keys)) {
  for (BrokerAddress& address : brokers) {
    Link link;
    link.address = std::move(address);
    links_.push_back(std::move(link));
  }
}

void BrokerLinks::connect(schemas::Ready ready) {
  ready_ = std::move(ready);
  held_.clear();
  for (Link& link : links_) {
    link.parted = false;
    open(link);
  }
}

void BrokerLinks::open(Link& link) {
  link.socket.emplace(context_, link.address.endpoint, keys_, link.address.public_key);
  if (!link.socket->problem().empty()) spdlog::error("{}", link.socket->problem());
  link.welcomed = false;
  link.registered_us = 0;
  link.heard_us = steady_us();
}

// READY names the leases still in hand, so that a broker that lost sight of us leaves them here.
void BrokerLinks::register_with(std::size_t index) {
  schemas::Ready ready = ready_;
  ready.pure_credit = share_of(ready_.pure_credit, links_.size());
  ready.outside_credit = share_of(ready_.outside_credit, links_.size());
  for (const auto& [token, link] : held_)
    if (link == index) ready.held.push_back(token);
  if (links_[index].socket->send(schemas::encode(ready)) == wire::SendResult::sent)
    links_[index].registered_us = steady_us();
}

void BrokerLinks::tell(Link& link, const schemas::Message& message) {
  // Not taken over: the broker's sweep finds what it did not hear of.
  if (link.socket->send(schemas::encode(message)) != wire::SendResult::sent)
    spdlog::warn("{}: the broker can't be reached", link.address.endpoint);
}

void BrokerLinks::add_to(wire::Poller& poller) {
  for (Link& link : links_) poller.add(*link.socket);
}

std::int64_t BrokerLinks::wait_until_us(std::int64_t now_us) const {
  std::int64_t until = now_us + 1'000'000;
  for (const Link& link : links_) until = std::min(until, now_us + (link.welcomed ? link.heartbeat_us / 2 : 20'000));
  return until;
}

BrokerLinks::Received BrokerLinks::receive() {
  constexpr int most = 256;  // of each broker, then everybody else gets a turn
  Received received;
  for (std::size_t index = 0; index < links_.size(); ++index) {
    Link& link = links_[index];
    for (int i = 0; i < most; ++i) {
      const auto bytes = link.socket->receive();
      if (!bytes) break;
      auto message = schemas::decode(*bytes);
      link.heard_us = steady_us();
      if (!message) {
        spdlog::warn("an unreadable message from the broker: {}", message.error().reason);
      } else if (auto* assign = std::get_if<schemas::Assign>(&*message)) {
        for (const auto& job : assign->jobs) held_[job.token] = serves_[job.shard] = index;
        received.assigned.push_back(std::move(*assign));
      } else if (const auto* revoke = std::get_if<schemas::Revoke>(&*message)) {
        received.revoked.insert(received.revoked.end(), revoke->tokens.begin(), revoke->tokens.end());
      } else {
        take(link, *message);
      }
    }
  }
  return received;
}

void BrokerLinks::take(Link& link, const schemas::Message& message) {
  if (const auto* welcome = std::get_if<schemas::Welcome>(&message)) {
    link.welcomed = true;
    link.refused.clear();
    link.heartbeat_us = welcome->heartbeat_ms * 1000;
    link.ttl_us = welcome->ttl_ms * 1000;
  } else if (const auto* refused = std::get_if<schemas::Refused>(&message)) {
    if (link.refused != refused->reason) spdlog::info("{} says: {}", link.address.endpoint, refused->reason);
    link.refused = refused->reason;
    link.welcomed = false;
  } else if (std::holds_alternative<schemas::Goodbye>(message)) {
    link.parted = true;
  } else if (const auto* beat = std::get_if<schemas::Heartbeat>(&message)) {
    disown(link, beat->held);
  }
}

// The broker's word for what we hold is older than ours: what is not in hand any more was said, and not heard.
void BrokerLinks::disown(Link& link, const std::vector<machines::Token>& named) {
  std::vector<machines::Token> held;
  for (const auto& [token, index] : held_)
    if (&links_[index] == &link) held.push_back(token);
  if (schemas::HandedBack back = not_held(named, held); !back.unstarted.empty()) tell(link, back);
}

void BrokerLinks::beat() {
  for (Link& link : links_)
    if (link.welcomed) (void)link.socket->send(schemas::encode(schemas::Heartbeat{}));
}

std::int64_t BrokerLinks::heartbeat_us() const {
  std::int64_t shortest = 1'000'000;
  for (const Link& link : links_) shortest = std::min(shortest, link.heartbeat_us);
  return shortest;
}

std::int64_t BrokerLinks::ttl_us() const {
  std::int64_t shortest = links_.front().ttl_us;
  for (const Link& link : links_) shortest = std::min(shortest, link.ttl_us);
  return shortest;
}

void BrokerLinks::liveness() {
  const std::int64_t now = steady_us();
  for (std::size_t index = 0; index < links_.size(); ++index) {
    Link& link = links_[index];
    if (!link.welcomed) {
      if (now - link.registered_us > register_again_us) register_with(index);
      if (now - link.heard_us > std::max(link.ttl_us, least_patience_us)) open(link);
      continue;
    }
    if (now - link.beaten_us >= link.heartbeat_us) {
      link.beaten_us = now;
      (void)link.socket->send(schemas::encode(schemas::Heartbeat{}));
    }
    if (now - link.heard_us > link.ttl_us) {
      spdlog::warn("{}: the broker is silent; connecting anew", link.address.endpoint);
      open(link);
    }
  }
}

BrokerLinks::Link* BrokerLinks::owner_of(const machines::Token& token) {
  const auto found = held_.find(token);
  return found == held_.end() ? nullptr : &links_[found->second];
}

void BrokerLinks::say(const schemas::Done& done, std::vector<schemas::Failed> failures) {
  for (const machines::LeasedJob& job : done.minted) {
    const auto found = serves_.find(job.shard);
    if (found == serves_.end()) continue;
    links_[found->second].done.minted.push_back(job);
    held_[job.token] = found->second;
  }
  for (const schemas::DoneJob& job : done.jobs) {
    Link* link = owner_of(job.token);
    if (link == nullptr) continue;
    link->done.jobs.push_back(job);
    if (job.kind != schemas::DoneKind::kept) held_.erase(job.token);
  }
  for (schemas::Failed& failed : failures) {
    Link* link = owner_of(failed.token);
    if (link == nullptr) continue;
    held_.erase(failed.token);
    link->failures.push_back(std::move(failed));
  }
  for (Link& link : links_) {
    if (!link.done.jobs.empty() || !link.done.minted.empty()) tell(link, std::exchange(link.done, {}));
    for (const auto& failed : std::exchange(link.failures, {})) tell(link, failed);
  }
}

void BrokerLinks::hand_back(const std::vector<machines::Token>& unstarted) {
  for (std::size_t index = 0; index < links_.size(); ++index) {
    schemas::HandedBack back;
    for (const auto& token : unstarted)
      if (owner_of(token) == &links_[index]) back.unstarted.push_back(token);
    for (const auto& token : back.unstarted) held_.erase(token);
    if (!back.unstarted.empty()) tell(links_[index], back);
  }
}

void BrokerLinks::leave(const std::vector<machines::Token>& unstarted) {
  constexpr std::int64_t patience_us = 2'000'000;
  for (Link& link : links_) {
    schemas::Goodbye goodbye;
    for (const auto& token : unstarted)
      if (owner_of(token) == &link) goodbye.unstarted.push_back(token);
    if (link.welcomed) tell(link, goodbye);
  }
  // LINGER is 0: without the broker's answer it may not have left. An absent broker is not waited for.
  const auto waits = [&] {
    return std::any_of(links_.begin(), links_.end(), [](const Link& link) { return link.welcomed && !link.parted; });
  };
  for (const std::int64_t until = steady_us() + patience_us; waits() && steady_us() < until;) {
    wire::Poller poller;
    add_to(poller);
    poller.wait(std::chrono::milliseconds(100));
    for (const auto& late : receive().assigned)  // crossed our goodbye on the way: the broker gives them back by itself
      for (const auto& job : late.jobs) held_.erase(job.token);
  }
}

}  // namespace workers::harness
