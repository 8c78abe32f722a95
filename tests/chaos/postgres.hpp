// tests/chaos/postgres.hpp: Postgres, the ledger's server and its synchronous standby, each on a host of its own: TLS
// and passwords over the network, Unix sockets for the test alone, which no cable can cut. The server can be stopped in
// each of the ways there are and started again, or lost for good and the standby promoted.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>

#include "deploy/cluster/cluster.hpp"
#include "tests/chaos/network.hpp"
#include "tests/support/folder.hpp"

namespace tests::chaos {

enum class Stop { fast, immediate, kill };

class Postgres {
 public:
  // Made and started when this returns; commits wait for the standby. Ends the program where it can't be. REQUIRES: the
  // main thread.
  Postgres(const Network& network, const std::string& host, const std::string& standby);
  ~Postgres();
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  // An empty database for a house. The first one also makes the roles and their passwords.
  std::string fresh_database();
  // As a host reaches whichever of both takes writes: TLS, fully verified. A line that is dead for three seconds is
  // given up: the server, which waits longer, then still has the session. `through`: the address of a relay in between,
  // and its ports in the order of the hosts.
  [[nodiscard]] std::string dsn(const std::string& database, const std::string& role, const std::string& through = "",
                                const std::string& ports = "5432") const;
  // As this test does, whatever the network is like.
  [[nodiscard]] std::string own_dsn(const std::string& database) const;

  // Of the server that takes writes. Waits for its end, which may be sudden.
  void stop(Stop how);
  // It recovers by itself from here, as long as tend() is called: every few milliseconds. Harmless when it runs.
  void start();
  void tend();

  // The server is lost, and stays so; then promote() makes the standby the one that takes writes. Once.
  void lose();
  void promote();
  [[nodiscard]] bool was_promoted() const { return promoted_; }

 private:
  struct Server {
    std::string host;
    std::filesystem::path folder;
    std::unique_ptr<deploy::Cluster> cluster;
  };

  void make_certificate();
  [[nodiscard]] deploy::ClusterOptions options(const Server& server) const;
  void open(Server& server);
  void make_standby();
  Server& primary() { return servers_[primary_]; }
  Server& standby() { return servers_[1 - primary_]; }
  [[nodiscard]] std::string socket_of(const Server& server) const;

  const Network& network_;
  TempFolder folder_;  // outlives the servers
  std::array<Server, 2> servers_;
  std::size_t primary_ = 0;
  bool stopped_ = false, starting_ = false, lost_ = false, promoted_ = false;
  int databases_ = 0;
};

}  // namespace tests::chaos
