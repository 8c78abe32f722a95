// ledger/store/connection.hpp: one connection to PostgreSQL. The only folder that includes libpqxx; no exception leaves
// it. Each call is one autocommitted statement, prepared once per connection. A lost connection is never revived behind
// our back: the call fails (unavailable for a read, doubt for a write) and the next call connects anew. One thread at a
// time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/store/error.hpp"
#include "ledger/store/parameters.hpp"
#include "machines/core/amount.hpp"

namespace ledger {

// The rows of an answer, read as text. REQUIRES: indices in range (CHECK).
class Rows {
 public:
  struct Held;
  // Made by Connection alone.
  explicit Rows(std::shared_ptr<const Held> held) : held_(std::move(held)) {}
  [[nodiscard]] int size() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool is_null(int row, int column) const;
  [[nodiscard]] std::string_view text(int row, int column) const;  // lives as long as this Rows
  [[nodiscard]] std::int64_t number(int row, int column) const;    // 0 for NULL
  [[nodiscard]] bool flag(int row, int column) const;
  [[nodiscard]] machines::Int128 amount(int row, int column) const;
  [[nodiscard]] std::optional<std::int64_t> maybe_number(int row, int column) const;

 private:
  std::shared_ptr<const Held> held_;
};

// A statement known by name: prepared at its first use on each connection. Names are unique in the program.
struct SqlStatement {
  const char* name;
  const char* sql;
  bool writes = true;  // decides whether a lost connection means doubt
  // The parameters name a shard's epoch, so that a refusal over it is the caller's to hear. Other statements look it up
  // themselves: where a broker takes the shard over in the middle, nothing was done, and they are called again.
  bool names_epoch = false;
};

class Connection {
 public:
  // `dsn` is a libpq connection string, keywords or URI. Connects at the first call.
  explicit Connection(const std::string& dsn);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  // A second one to the same place, for another thread; not connected yet.
  [[nodiscard]] Connection another() const;

  // Runs the statement on its own, in a transaction of its own, and connects first if need be. Errors: unavailable
  // (nothing was done), doubt (a write whose end is not known), refused, conflict (error.hpp says what each allows).
  Stored<Rows> call(const SqlStatement& statement, const Parameters& parameters = {});
  // Plain SQL, several statements allowed, one transaction: migrations and set-up.
  Stored<Rows> run(const std::string& sql);
  // Connects if need be. Errors: unavailable, or refused (wrong role, database or password).
  Stored<bool> connect();
  // Lets the session go; the next call connects anew.
  void disconnect();
  [[nodiscard]] bool is_connected() const;

 private:
  friend class Snapshot;     // ledger/store/snapshot.hpp
  friend class Transaction;  // ledger/store/transaction.hpp
  struct Session;
  Connection() = default;
  Stored<Rows> call_once(const SqlStatement& statement, const Parameters& parameters);
  // Plain SQL that begins, ends or reads in a transaction opened by hand.
  Stored<Rows> read(const std::string& sql);
  std::string dsn_;
  std::unique_ptr<Session> session_;
};

// The parts of a text array literal as PostgreSQL writes it ('{a,"b c",NULL}').
std::vector<std::optional<std::string>> array_items(std::string_view literal);

}  // namespace ledger
