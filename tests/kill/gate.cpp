#include "tests/kill/gate.hpp"

#include <fmt/format.h>

#include <future>
#include <utility>

#include "machines/core/check.hpp"
#include "tests/support/cluster.hpp"

namespace tests::kill {
namespace {

// The lock of functions/commit.sql: taken shared by each commit, for all owners.
constexpr ledger::SqlStatement lock_all{"gate_lock", "SELECT pg_advisory_lock(7001, 0)", true};
constexpr ledger::SqlStatement unlock_all{"gate_unlock", "SELECT pg_advisory_unlock(7001, 0)", true};

constexpr const char* a_commit_waits =
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 7001 AND mode = 'ShareLock' AND NOT "
    "granted)";
constexpr const char* the_gate_waits =
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 7001 AND mode = 'ExclusiveLock' AND "
    "NOT granted)";

}  // namespace

Gate::Gate(House& house) : house_(house), connection_(house_dsn(house.folder())) { CHECK(close()); }

bool Gate::close() {
  if (!closed_) closed_ = connection_.call(lock_all).has_value();
  return closed_;
}

void Gate::open() {
  if (!closed_) return;
  closed_ = false;
  if (!connection_.call(unlock_all)) connection_.disconnect();  // with the connection the lock is gone too
}

// The lock is asked for before it is given back: PostgreSQL hands locks out in the order in which they were asked for,
// so commits that come later wait behind the gate, however late this process runs on. It is had when the commit that
// waited is over.
void Gate::let_pass() {
  ledger::Connection next = connection_.another();
  auto is_closed = std::async(std::launch::async, [&next] { return next.call(lock_all).has_value(); });
  CHECK(house_.comes_true(the_gate_waits));
  open();
  closed_ = is_closed.get();
  CHECK(closed_);
  connection_ = std::move(next);
}

bool Gate::wait_for_commit() { return house_.comes_true(a_commit_waits); }

bool Gate::catch_commit(const std::string& command, const std::string& state, const std::string& condition) {
  const std::string is_due = fmt::format(
      "SELECT EXISTS (SELECT FROM ledger.job j JOIN ledger.instance i ON i.owner = j.owner AND i.id = j.instance"
      " WHERE j.token IS NOT NULL AND j.command = '{}' AND i.state = '{}' AND {})",
      command, state, condition);
  while (wait_for_commit()) {
    const auto due = house_.ask(is_due);
    if (due && due->flag(0, 0)) return true;
    let_pass();
  }
  return false;
}

}  // namespace tests::kill
