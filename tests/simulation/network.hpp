// tests/simulation/network.hpp: links between a broker and its peers, as ZeroMQ's are: messages in order, and lost only
// with the link, which then has a fresh name at the broker. Besides what ZeroMQ does, the plan may double messages and
// let one overtake others.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "tests/simulation/world.hpp"

namespace tests::simulation {

// Who listens: a broker.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void heard(const std::string& peer, const std::string& bytes) = 0;
};

// A socket of a worker or the feed. Whoever drops it closes it.
struct Link {
  std::string name;
  int breaks = 0;
  std::weak_ptr<Listener> broker;
  std::function<void(const std::string& bytes)> deliver;
  std::int64_t out_free_us = 0, in_free_us = 0;  // what is sent later arrives later
  // What the broker knows it by.
  [[nodiscard]] std::string peer() const { return name + "/" + std::to_string(breaks); }
};

class Network {
 public:
  explicit Network(World& world) : world_(world) {}

  // New links, and those whose broker is gone, lead here.
  void listen(const std::shared_ptr<Listener>& broker) { listening_ = broker; }
  std::shared_ptr<Link> connect(const std::string& name, std::function<void(const std::string&)> deliver);
  // Lost where nobody listens.
  void to_broker(const std::shared_ptr<Link>& link, const std::string& bytes);
  // False: nobody is known by that name any more.
  bool to_peer(const Listener& broker, const std::string& peer, const std::string& bytes);

 private:
  void carry(const std::shared_ptr<Link>& link, bool outward, const std::string& bytes);

  World& world_;
  std::weak_ptr<Listener> listening_;
  std::map<std::string, std::weak_ptr<Link>> links_;  // by name
  int connections_ = 0;
};

}  // namespace tests::simulation
