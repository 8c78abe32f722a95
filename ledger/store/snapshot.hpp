// ledger/store/snapshot.hpp: Snapshot, one view of the database over many reads: a read-only repeatable-read
// transaction with cursors, so that what is larger than memory is read in chunks that fit together. It holds back
// vacuum while it is open, and PostgreSQL ends it when nothing is read for ten minutes. No exception leaves it.
#pragma once

#include <string>

#include "ledger/store/connection.hpp"

namespace ledger {

class Snapshot {
 public:
  // Borrows `connection`, which is for nothing else until this ends; connects if need be. Whole tables are read: plans
  // are made for the last row, never by nested loops. Errors: the connection's.
  static Stored<Snapshot> open(Connection& connection);
  ~Snapshot();  // what was read stays as it was read; nothing can have been written
  Snapshot(Snapshot&& other) noexcept;
  Snapshot& operator=(Snapshot&&) = delete;
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  // A query under a name. REQUIRES: both are constants of the program, the name is new here. Errors: the connection's.
  Stored<bool> declare(const std::string& name, const std::string& query);
  // Its next rows, at most `count`; fewer: they were the last. Errors: the connection's; after one, nothing more is
  // read here.
  Stored<Rows> fetch(const std::string& name, int count);

 private:
  explicit Snapshot(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace ledger
