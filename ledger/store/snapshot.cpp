#include "ledger/store/snapshot.hpp"

#include <utility>

namespace ledger {
namespace {

constexpr const char* begin =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL cursor_tuple_fraction = 1; "
    "SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'; "
    "SET LOCAL idle_in_transaction_session_timeout = '10min'";

}  // namespace

Stored<Snapshot> Snapshot::open(Connection& connection) {
  if (const auto connected = connection.connect(); !connected) return machines::fail(connected.error());
  Snapshot made(connection);
  if (const auto begun = connection.read(begin); !begun) return machines::fail(begun.error());
  return made;
}

Snapshot::Snapshot(Snapshot&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}

Snapshot::~Snapshot() {
  if (connection_ == nullptr || !connection_->is_connected()) return;
  // A connection whose transaction will not end is no connection: the next call makes a new one.
  if (!connection_->read("ROLLBACK")) connection_->disconnect();
}

Stored<bool> Snapshot::declare(const std::string& name, const std::string& query) {
  const auto declared = connection_->read("DECLARE " + name + " NO SCROLL CURSOR FOR " + query);
  if (!declared) return machines::fail(declared.error());
  return true;
}

Stored<Rows> Snapshot::fetch(const std::string& name, int count) {
  return connection_->read("FETCH " + std::to_string(count) + " FROM " + name);
}

}  // namespace ledger
