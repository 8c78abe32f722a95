// deploy/cluster/cluster.hpp: Cluster, a private PostgreSQL in the data folder: reached over a Unix socket alone, every
// commit on disk, stopped by the kernel when this process dies. Not for threads: open it, and let it go, on the main
// thread (the kernel ties the server's life to the thread that started it).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "deploy/cluster/folder.hpp"
#include "deploy/cluster/install.hpp"
#include "deploy/cluster/log_file.hpp"
#include "deploy/cluster/process.hpp"

namespace deploy {

struct ClusterOptions {
  std::chrono::seconds ready_within{120};                 // start-up, crash recovery included
  std::chrono::seconds stop_within{30};                   // a fast shutdown; then immediate, which recovery repairs
  LogLimits log;                                          // of postgres.log
  PostgresSettings extra;                                 // on top of ours, for tests
  std::function<bool()> gives_up = [] { return false; };  // asked while open() waits: yes ends it with an error
};

enum class Health { ready, starting, restarted };

class Cluster {
 public:
  // Makes the cluster in `folder` (see open_folder; the caller holds its lock) where there is none, adopts a server
  // that an earlier run left, else starts one, and waits until it answers.
  // Errors: exit code 2 for the folder (a copy that belongs to another user), 1 for PostgreSQL (absent, wrong version,
  // won't start: with its last words).
  static Clustered<Cluster> open(const std::filesystem::path& folder, ClusterOptions options = {});
  // Stops the server.
  ~Cluster();
  Cluster(Cluster&& other) noexcept;
  Cluster& operator=(Cluster&& other) noexcept;
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // libpq's connection string over the socket. The owner's names the file with its password, which others can't read;
  // those of the other two logins (logins.hpp) hold theirs, to be handed to a child. Any other role is named without
  // one.
  [[nodiscard]] std::string dsn(const std::string& database = "postgres",
                                const std::string& role = "bursar_owner") const;
  // Looks after the server without waiting: one that died is started again (`restarted`, then `starting` until it
  // answers). Call it about once a second. Errors: it can't be started.
  Clustered<Health> watch();
  // Fast shutdown, then immediate when it takes too long. Harmless when it has stopped.
  void stop();

  [[nodiscard]] pid_t pid() const { return server_.pid(); }  // of the server; 0 when stopped
  // Whether an earlier run had left the server that this one found.
  [[nodiscard]] bool was_adopted() const { return adopted_; }
  // How often watch() has started it again.
  [[nodiscard]] int restarts() const { return restarts_; }

 private:
  Cluster(std::filesystem::path folder, std::filesystem::path binaries, std::optional<Identity> user,
          ClusterOptions options);
  Clustered<machines::Nothing> adopt_or_start();
  Clustered<machines::Nothing> start();
  Clustered<machines::Nothing> wait_until_ready();
  [[nodiscard]] bool answers();
  bool has_ended();  // reaps our own child
  bool wait_for_end(std::chrono::milliseconds within);

  // New passwords, set while no server runs: one that was left is stopped.
  Clustered<machines::Nothing> give_passwords();

  std::filesystem::path folder_;
  ClusterPaths paths_;
  std::filesystem::path binaries_;
  std::optional<Identity> user_;
  ClusterOptions options_;
  ProcessHandle server_;
  bool adopted_ = false;  // then it is not our child
  bool ready_ = false;
  bool was_killed_ = false;      // by a signal, when it last ended
  std::uintmax_t log_from_ = 0;  // where in the log the running server began
  int restarts_ = 0;
  std::string refused_;  // why the server that answers lets us not in
};

}  // namespace deploy
