#include "workers/venues/paper/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace workers::venues::paper {
namespace {

constexpr int busy_ms = 1000;  // a process that was just killed may still be going

std::string explain(sqlite3* database, int code) {
  const char* file = database == nullptr ? nullptr : sqlite3_db_filename(database, "main");
  const std::string where = file == nullptr ? std::string("venue store") : std::string(file);
  switch (code & 0xff) {
    case SQLITE_BUSY:
      return fmt::format("{}: another process uses this venue store; end it or choose another data folder", where);
    case SQLITE_NOTADB:
      return fmt::format("{}: not a venue store; move the file away or choose another data folder", where);
    case SQLITE_CORRUPT:
      return fmt::format("{}: the venue store is damaged ({}); restore it from a copy", where,
                         sqlite3_errmsg(database));
    default:
      return fmt::format("{}: {}", where, sqlite3_errmsg(database));
  }
}

}  // namespace

void Prepared::GiveBack::operator()(sqlite3_stmt* statement) const {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
}

Prepared& Prepared::bind(std::int64_t value) {
  if (sqlite3_bind_int64(statement_.get(), next_++, value) != SQLITE_OK) error_ = "a value can't be bound";
  return *this;
}
Prepared& Prepared::bind(std::string_view text) {
  const int size = static_cast<int>(text.size());
  if (sqlite3_bind_text(statement_.get(), next_++, text.data(), size, SQLITE_TRANSIENT) != SQLITE_OK)
    error_ = "a value can't be bound";
  return *this;
}
Prepared& Prepared::bind(machines::Int128 value) { return bind(std::string_view(machines::to_text(value))); }

Sql<bool> Prepared::step() {
  if (!error_.empty()) return machines::fail(SqlError{error_});
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return machines::fail(SqlError{explain(database_, code)});
}

Sql<bool> Prepared::run() {
  auto row = step();
  while (row && *row) row = step();
  return row ? Sql<bool>(true) : row;
}

std::int64_t Prepared::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }
std::string Prepared::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return bytes == nullptr
             ? std::string()
             : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}
machines::Int128 Prepared::whole(int column) {
  const auto value = machines::parse_whole(text(column));
  if (!value) sound_ = false;
  return value ? *value : 0;
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }
void Database::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Sql<Database> Database::open(const std::string& path) {
  sqlite3* opened = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database;
  database.database_.reset(opened);
  if (code != SQLITE_OK)
    return machines::fail(SqlError{fmt::format("{}: the venue store can't be opened: {}", path, sqlite3_errstr(code))});
  sqlite3_extended_result_codes(opened, 1);
  sqlite3_busy_timeout(opened, busy_ms);
  // Before the first read, so that the write-ahead log needs no shared memory. Writes nothing.
  if (const auto done = database.execute("PRAGMA locking_mode = EXCLUSIVE"); !done) return machines::fail(done.error());
  return database;
}

Sql<bool> Database::claim() {
  for (const char* pragma : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON",
                             "BEGIN EXCLUSIVE", "COMMIT"})
    if (auto done = execute(pragma); !done) return done;
  return true;
}

Prepared Database::prepare(std::string_view sql) {
  Prepared prepared;
  prepared.database_ = database_.get();
  auto& kept = statements_[std::string(sql)];
  if (kept == nullptr) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    kept.reset(statement);
    if (code != SQLITE_OK) prepared.error_ = explain(database_.get(), code);
  }
  CHECK(kept == nullptr || sqlite3_stmt_busy(kept.get()) == 0);
  prepared.statement_.reset(kept.get());
  return prepared;
}

Sql<bool> Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return machines::fail(SqlError{explain(database_.get(), code)});
  return true;
}

Sql<std::int64_t> Database::number(std::string_view sql) {
  Prepared query = prepare(sql);
  const auto row = query.step();
  if (!row) return machines::fail(row.error());
  return *row ? query.number(0) : 0;
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

Transaction::~Transaction() {
  if (open_ && !done_) (void)database_.execute(nested_ ? "ROLLBACK TO inner; RELEASE inner" : "ROLLBACK");
}

Sql<bool> Transaction::commit() {
  if (!open_) return open_;
  auto committed = database_.execute(nested_ ? "RELEASE inner" : "COMMIT");
  done_ = committed.has_value();
  return committed;
}

}  // namespace workers::venues::paper
