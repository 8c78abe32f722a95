// tests/chaos/relay.hpp: Relay, a host in the middle of TCP connections that holds their bytes back: later by so many
// milliseconds each way, or not at all for a while. No byte is lost, changed or reordered; what a slow line and a
// stalled one look like to those at its ends. A thread of its own, on its own host.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/chaos/network.hpp"

namespace tests::chaos {

struct Route {
  int port = 0;  // of the relay
  std::string address;
  int to_port = 0;
};

class Relay {
 public:
  // Listens on every port when it returns. CHECKs that it can.
  Relay(const Network& network, const std::string& host, const std::vector<Route>& routes);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Of what arrives from now on.
  void delay(std::int64_t ms) { delay_ms_ = ms; }
  // Nothing is handed on until stall(false).
  void stall(bool stalls) { stalls_ = stalls; }
  // New connections to this port go to another address from now on, as when a service address moves.
  void lead(int port, const std::string& address);
  [[nodiscard]] std::int64_t carried() const { return carried_; }  // bytes, both ways

 private:
  void run();
  [[nodiscard]] Route route(std::size_t index);

  std::mutex mutex_;  // routes_
  std::vector<Route> routes_;
  std::vector<int> listening_;
  std::atomic<std::int64_t> delay_ms_ = 0, carried_ = 0;
  std::atomic<bool> stalls_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace tests::chaos
