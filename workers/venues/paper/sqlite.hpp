// workers/venues/paper/sqlite.hpp: owner types over SQLite: one file, opened for us alone, and its prepared statements.
// A failure is a value; after one, only close. Internal to workers/venues/paper. No throw. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "machines/core/amount.hpp"
#include "machines/core/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace workers::venues::paper {

struct SqlError {
  std::string text;  // one line: file, what SQLite said
};
template <class T>
using Sql = machines::Result<T, SqlError>;

class Database;

// A prepared statement, lent by the database until this goes out of scope; the same text is lent once at a time. bind()
// in the order of the question marks, then step() to the next row.
class Prepared {
 public:
  Prepared& bind(std::int64_t value);
  Prepared& bind(std::string_view text);
  Prepared& bind(machines::Int128 value);  // as decimal text
  // True at a row, false at the end.
  Sql<bool> step();
  // Runs to the end; for statements without rows.
  Sql<bool> run();
  // Columns of the row, from 0. A text that is no whole number reads as 0 and marks the row bad.
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] machines::Int128 whole(int column);
  // False once a whole() met something else.
  [[nodiscard]] bool sound() const { return sound_; }

 private:
  friend class Database;
  struct GiveBack {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, GiveBack> statement_;
  sqlite3* database_ = nullptr;
  std::string error_;  // of preparing or binding: the next step() reports it
  int next_ = 1;
  bool sound_ = true;
};

class Database {
 public:
  // Creates the file where it is absent, changes nothing in it. Errors: can't be opened.
  static Sql<Database> open(const std::string& path);
  // Ours alone until this process ends, however it ends; from here each commit is synced. Errors: no SQLite file,
  // damaged, in use by another process.
  Sql<bool> claim();
  Prepared prepare(std::string_view sql);
  // Statements without parameters, separated by semicolons.
  Sql<bool> execute(const std::string& sql);
  // The single number that this query answers with.
  Sql<std::int64_t> number(std::string_view sql);
  [[nodiscard]] bool in_transaction() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;  // by text, kept for reuse
};

// BEGIN IMMEDIATE to COMMIT; rolls back when it goes out of scope uncommitted. Inside another one it is a savepoint.
class Transaction {
 public:
  explicit Transaction(Database& database)
      : database_(database),
        nested_(database.in_transaction()),
        open_(database.execute(nested_ ? "SAVEPOINT inner" : "BEGIN IMMEDIATE")) {}
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  [[nodiscard]] const Sql<bool>& begun() const { return open_; }
  // Durable when it succeeds; a savepoint, when the outer one does. A failure leaves nothing behind.
  Sql<bool> commit();

 private:
  Database& database_;
  bool nested_;
  Sql<bool> open_;
  bool done_ = false;
};

}  // namespace workers::venues::paper
