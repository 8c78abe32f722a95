#include "ledger/store/transaction.hpp"

#include <utility>

namespace ledger {

Stored<Transaction> Transaction::open(Connection& connection) {
  if (const auto connected = connection.connect(); !connected) return machines::fail(connected.error());
  Transaction made(connection);
  if (const auto begun = connection.read("BEGIN"); !begun) return machines::fail(begun.error());
  return made;
}

Transaction::Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}

Transaction::~Transaction() {
  if (connection_ == nullptr || !connection_->is_connected()) return;
  // A connection whose transaction will not end is no connection: the next call makes a new one.
  if (!connection_->read("ROLLBACK")) connection_->disconnect();
}

Stored<bool> Transaction::commit() {
  Connection* const connection = std::exchange(connection_, nullptr);
  CHECK(connection != nullptr);
  // With the connection its transaction ended, and nothing of it stands.
  if (!connection->is_connected())
    return machines::fail(StoreError{StoreFailure::unavailable, "the connection was lost before the commit"});
  const auto ended = connection->read("COMMIT");
  if (ended) return true;
  connection->disconnect();
  StoreError error = ended.error();
  if (error.failure == StoreFailure::unavailable) error.failure = StoreFailure::doubt;
  return machines::fail(error);
}

}  // namespace ledger
