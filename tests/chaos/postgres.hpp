// tests/chaos/postgres.hpp: Postgres, the ledger's server on a host of its own: TLS with a certificate of its own and
// passwords over the network, its Unix socket for the test alone, which no cable can cut. It can be stopped in each of
// the ways there are, and started again.
#pragma once

#include <memory>
#include <string>

#include "deploy/cluster/cluster.hpp"
#include "tests/chaos/network.hpp"
#include "tests/support/folder.hpp"

namespace tests::chaos {

enum class Stop { fast, immediate, kill };

class Postgres {
 public:
  // Made and started when this returns. Ends the program where it can't be. REQUIRES: the main thread.
  Postgres(const Network& network, std::string host);
  ~Postgres();
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  // An empty database for a house. The first one also makes the roles and their passwords.
  std::string fresh_database();
  // As a host reaches it: TLS, fully verified. `through`: the address and port of a relay in between.
  [[nodiscard]] std::string dsn(const std::string& database, const std::string& role, const std::string& through = "",
                                int port = 5432) const;
  // As this test does, whatever the network is like.
  [[nodiscard]] std::string own_dsn(const std::string& database) const;
  [[nodiscard]] const std::string& host() const { return host_; }

  // Waits for its end, which may be sudden.
  void stop(Stop how);
  // It recovers by itself from here, as long as tend() is called: every few milliseconds. Harmless when it runs.
  void start();
  void tend();

 private:
  void make_certificate();
  [[nodiscard]] deploy::ClusterOptions options() const;

  const Network& network_;
  std::string host_;
  TempFolder folder_;  // outlives the server
  std::unique_ptr<deploy::Cluster> server_;
  bool stopped_ = false, starting_ = false;
  int databases_ = 0;
};

}  // namespace tests::chaos
