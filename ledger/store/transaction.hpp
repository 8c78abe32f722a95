// ledger/store/transaction.hpp: Transaction, several calls of one connection that stand together or not at all. For the
// rare writer that needs more than one statement; ledger.commit alone needs none. No exception leaves it.
#pragma once

#include "ledger/store/connection.hpp"

namespace ledger {

class Transaction {
 public:
  // Borrows `connection`: its calls are inside until this ends; connects if need be. Errors: the connection's.
  static Stored<Transaction> open(Connection& connection);
  ~Transaction();  // rolls back what was not committed
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Plain SQL inside it, several statements allowed. Errors: refused; unavailable, and nothing of it stands.
  Stored<Rows> run(const std::string& sql) { return connection_->read(sql); }

  // REQUIRES: every call since open() went well. Errors: doubt where the connection broke before the answer:
  // look the rows up by their keys.
  Stored<bool> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace ledger
