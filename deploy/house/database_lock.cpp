#include "deploy/house/database_lock.hpp"

#include <fmt/format.h>

namespace deploy {
namespace {

constexpr ledger::SqlStatement hold_statement{
    "hold_tenancy",
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 7003 AND granted"
    "   AND pid = pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    "  OR pg_try_advisory_lock(7003, 0),"
    " (SELECT format('%s since %s', pid, backend_start) FROM pg_stat_activity WHERE pid = pg_backend_pid())",
    false};
constexpr ledger::SqlStatement holder_statement{
    "tenant",
    "SELECT a.pid, coalesce(host(a.client_addr), 'this host'), date_trunc('second', a.backend_start)::text,"
    " format('%s since %s', a.pid, a.backend_start)"
    "  FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.classid = 7003 AND l.granted"
    "   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    false};

}  // namespace

Clustered<machines::Nothing> DatabaseLock::hold() {
  const auto held = connection_.call(hold_statement);
  if (!held) return machines::Nothing{};
  if (held->flag(0, 0)) {
    session_ = held->text(0, 1);
    return machines::Nothing{};
  }
  const auto holder = connection_.call(holder_statement);
  // Our own session of before, whose line broke without a word: PostgreSQL has not noticed yet, and nobody else is in.
  if (holder && !holder->empty() && holder->text(0, 3) == session_) return machines::Nothing{};
  const std::string who = holder && !holder->empty()
                              ? fmt::format(" (PostgreSQL session {} from {}, since {})", holder->text(0, 0),
                                            holder->text(0, 1), holder->text(0, 2))
                              : "";
  return machines::fail(ClusterError{
      fmt::format(
          "the database of --dsn is in use by another `bursar up`{}; stop that run first or use another database", who),
      2});
}

}  // namespace deploy
