// deploy/house/house.hpp: House, the processes and the database of one data folder, from the lock to the last child's
// end.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "deploy/cluster/cluster.hpp"
#include "deploy/house/broker_address.hpp"
#include "deploy/house/database_lock.hpp"
#include "deploy/house/house_options.hpp"
#include "deploy/house/supervisor.hpp"
#include "ledger/audit/server_identity.hpp"
#include "ledger/store/error.hpp"

namespace deploy {

class House {
 public:
  // Locks the folder, starts or adopts PostgreSQL, migrates, makes missing keys. Errors: one line and the exit code.
  static Clustered<std::unique_ptr<House>> open(const HouseOptions& options);
  ~House();
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  // Starts broker, venue and workers. REQUIRES: the treasury is set up.
  // `paper` has the market that fits the prices.
  void start_children(const std::string& symbol, const schemas::config::PaperConfig& paper);
  // Looks after all of it without waiting; about every 100 ms. Errors: something that can't be kept running.
  Clustered<machines::Nothing> watch();
  // The answer of the database; where that went away over it, the question is asked again once it is back: for a
  // private PostgreSQL that is soon, for another one as long as it takes, or until `gives_up` says so. REQUIRES:
  // question() returns a ledger::Stored, connects by itself, and may be asked twice.
  template <class Question>
  auto ask(Question question) {
    auto answer = question();
    for (int again = 0; !answer && is_lost(answer.error()) && again < 10 && come_back(); ++again) answer = question();
    return answer;
  }
  // Drains: children first, then PostgreSQL.
  void stop();

  // Where its brokers listen, all under this public key.
  [[nodiscard]] std::vector<BrokerAddress> brokers(const std::string& public_key) const;
  [[nodiscard]] const Layout& layout() const { return layout_; }
  [[nodiscard]] std::string owner_dsn() const { return owner_dsn_; }
  [[nodiscard]] std::string service_dsn() const { return service_dsn_; }
  [[nodiscard]] const Supervisor& supervisor() const { return supervisor_; }
  [[nodiscard]] int database_restarts() const { return cluster_ ? cluster_->restarts() : 0; }

 private:
  House(const HouseOptions& options, Layout layout, FolderLock lock)
      : options_(options),
        layout_(std::move(layout)),
        lock_(std::move(lock)),
        supervisor_({}, logs_of(options.config)) {}
  static LogLimits logs_of(const schemas::config::Config& config) {
    return {config.logs.file_mb << 20, static_cast<int>(config.logs.files)};
  }
  Clustered<machines::Nothing> open_database();
  Clustered<machines::Nothing> make_database();
  // With which logins our children come to a database that is not our own; one that is the owner's is said.
  Clustered<machines::Nothing> open_service(ledger::Connection& owner);
  Clustered<machines::Nothing> open_keeper(ledger::Connection& owner);
  static bool is_lost(const ledger::StoreError& error) {
    return error.failure == ledger::StoreFailure::unavailable || error.failure == ledger::StoreFailure::doubt;
  }
  // Waits until PostgreSQL answers, started again if it is the private one; false when it does not.
  bool come_back();
  bool others_come_back();
  // Of a PostgreSQL that is not our own: still ours alone, still the one that we saw. Remembers what it sees.
  Clustered<machines::Nothing> watch_others();
  // Keeps what the database is like now, for the next session to be compared with.
  void remember();
  Clustered<machines::Nothing> make_keys();

  const HouseOptions& options_;
  Layout layout_;
  FolderLock lock_;
  std::optional<Cluster> cluster_;
  // Of a database that is not our own:
  std::optional<DatabaseLock> database_lock_;
  std::optional<ledger::audit::ServerGuard> server_guard_;
  std::optional<ledger::Connection> pulse_;
  std::optional<ledger::audit::ServerIdentity> seen_;
  std::function<bool()> gives_up_ = [] { return false; };
  bool is_open_ = false;
  Supervisor supervisor_;
  std::string owner_dsn_, service_dsn_, keeper_dsn_;
  std::int64_t watched_ms_ = 0;
};

}  // namespace deploy
