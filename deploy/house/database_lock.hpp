// deploy/house/database_lock.hpp: DatabaseLock, the right of one running house to a database of --dsn. Two would each
// lease the other's jobs and ask two venues for the same order. A session lock in PostgreSQL: it ends with the process
// that has it.
#pragma once

#include <string>

#include "deploy/cluster/folder.hpp"
#include "ledger/store/connection.hpp"
#include "machines/core/result.hpp"

namespace deploy {

class DatabaseLock {
 public:
  // Connects at the first hold().
  explicit DatabaseLock(const std::string& dsn) : connection_(dsn) {}
  // Takes the right, or makes sure that it is still had; a lock that was lost with its server, or with the line to it,
  // is taken anew. Errors: another house has it (exit code 2). A database that is away is no error:
  // no house works on it.
  Clustered<machines::Nothing> hold();

 private:
  ledger::Connection connection_;
  std::string session_;  // of PostgreSQL, which had the lock when we last looked
};

}  // namespace deploy
