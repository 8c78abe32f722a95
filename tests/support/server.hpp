// tests/support/server.hpp: Server, a PostgreSQL of a test's own that it may stop, kill, freeze and promote: a primary,
// or a standby that streams from one. The real server with the real settings; gone with the test, however it ends.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "deploy/cluster/cluster.hpp"
#include "ledger/store/connection.hpp"
#include "tests/support/folder.hpp"

namespace tests {

class Server {
 public:
  // A primary. REQUIRES (all of these): no_cluster_because().empty(), the main thread. Ends the program with
  // PostgreSQL's last words when it won't start.
  explicit Server(deploy::PostgresSettings extra = {});
  // A standby of `primary`, named `name` there: made by pg_basebackup, streaming when this returns.
  Server(Server& primary, const std::string& name);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::string dsn(const std::string& database, const std::string& role = "bursar_owner") const;
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path() / "d"; }  // the data folder
  [[nodiscard]] std::string sockets() const;
  // One statement as bursar_owner, by itself, also on a standby; CHECKs that it succeeds.
  ledger::Rows must(const std::string& sql, const std::string& database = "postgres");
  ledger::Stored<ledger::Rows> ask(const std::string& sql, const std::string& database = "postgres");

  // Commits wait from now on until one of `names` (as in synchronous_standby_names) has them; returns when one does.
  void demand_standby(const std::string& names);
  // One line of pg_hba.conf before all others, until the next start; and that line taken out again.
  void add_to_hba(const std::string& line);
  void take_from_hba(const std::string& line);
  // The server and all its backends at once.
  void send(int signal_number);
  // SIGINT: fast, SIGQUIT: immediate, SIGKILL: with all its backends. Returns when it has ended.
  void stop(int signal_number);
  // Again after its end; returns when it answers.
  void start();
  // Of a standby; returns when it takes writes.
  void promote();

 private:
  [[nodiscard]] std::vector<pid_t> backends() const;

  TempFolder folder_;  // outlives the server
  std::unique_ptr<deploy::Cluster> cluster_;
};

// libpq's string for whichever of the two takes writes.
std::string dsn_of_both(const Server& one, const Server& other, const std::string& database);

}  // namespace tests
