// tests/chaos/network.hpp: Network, hosts that are network namespaces of this process: a cable (a veth pair) from each
// into one bridge, which has a namespace too. Nothing on the machine's own interfaces is touched, nothing has a name:
// all of it is gone with the last process that holds it, however this one ends. Linux and root only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tests::chaos {

// Why there can be no such network here (no root, no namespaces, iproute2 or nftables missing); empty when there can.
std::string no_network_because();

class Network {
 public:
  // One host for each name, every cable plugged in. Ends the program where a command fails: ask no_network_because().
  // REQUIRES: the main thread, and no other thread that cares for its namespace.
  explicit Network(const std::vector<std::string>& hosts);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // 10.77.0.N, the N-th of those named.
  [[nodiscard]] std::string address(const std::string& host) const;
  // Runs it on that host: sockets that it opens and processes that it starts are there. Calling thread only.
  void on(const std::string& host, const std::function<void()>& what) const;
  // For a thread that stays there until its end.
  void move_this_thread_to(const std::string& host) const;

  // The cable is pulled at the bridge's end: the host's own interface stays, as when somebody trips over it.
  void pull(const std::string& host);
  void plug(const std::string& host);
  // Of what reaches the host, and of what leaves it, each packet is lost with this chance; 0: none.
  void lose(const std::string& host, int percent);
  // Packets that the rules of lose() dropped so far on this host.
  [[nodiscard]] std::int64_t lost(const std::string& host) const;

 private:
  struct Host {
    int number = 0;
    int space = -1;  // an open file that holds the namespace
    bool loses = false;
  };
  [[nodiscard]] const Host& at(const std::string& host) const;

  int home_ = -1;  // the namespace that we came from
  int bridge_ = -1;
  std::map<std::string, Host> hosts_;
};

}  // namespace tests::chaos
