// deploy/house/ledger_access.hpp: LedgerAccess, how a command that only looks reaches the ledger: the database that was
// named, the running house's, or, when no house runs on the folder, the folder's own PostgreSQL, started for as long as
// this lives. Never makes a folder or a cluster.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "deploy/cluster/cluster.hpp"
#include "deploy/house/data_folder.hpp"

namespace deploy {

// Refuses a PostgreSQL whose traffic would cross a network in plain text; where `allow` says so, standard error is told
// instead. 0 or 2.
int check_plain(const std::string& dsn, bool allow);

class LedgerAccess {
 public:
  // `dsn` empty: by the folder. Errors: exit code 2 when there is no ledger in the folder, 1 when it can't be opened,
  // or its schema is not this program's.
  static Clustered<LedgerAccess> open(const Layout& layout, const std::string& dsn);

  // libpq's connection string; it may hold a password: never printed.
  [[nodiscard]] const std::string& dsn() const { return dsn_; }
  // False: nothing but PostgreSQL runs on this folder, and only for us.
  [[nodiscard]] bool house_may_run() const { return !lock_; }

 private:
  LedgerAccess() = default;
  static Clustered<LedgerAccess> reach(const Layout& layout, const std::string& dsn);
  std::string dsn_;
  std::optional<FolderLock> lock_;  // outlives the server
  std::optional<Cluster> cluster_;
};

}  // namespace deploy
