#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "ledger/audit/verify.hpp"
#include "ledger/jobs/jobs.hpp"
#include "ledger/journal/journal.hpp"
#include "tests/ledger/backend.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

// An outside failure ends the program: these tests have a healthy PostgreSQL.
template <class T>
T must(ledger::Stored<T> stored) {
  if (!stored) {
    std::fprintf(stderr, "PostgreSQL: %s\n", stored.error().text.c_str());
    std::abort();
  }
  return std::move(stored).value();
}

Counters counters_at(const ledger::Rows& rows, int row) {
  return {rows.amount(row, 0), rows.amount(row, 1), rows.amount(row, 2), rows.amount(row, 3)};
}

class PostgresBackend : public Backend {
 public:
  explicit PostgresBackend(const std::string& database)
      : owner_(dsn(database)),
        service_(dsn(database, "bursar_service")),
        operator_(acting_as(database, "bursar_operator")) {}
  ~PostgresBackend() override {
    must(owner_.run("DELETE FROM ledger.job; UPDATE ledger.control SET epoch = 0, frozen = 'no'"));
  }
  machines::OwnerId open_owner() override {
    const std::int32_t id = ++owners;
    must(
        owner_.run(fmt::format("INSERT INTO ledger.owner VALUES ({0}, 'owner {0}', {1}); "
                               "INSERT INTO ledger.control (owner) VALUES ({0})",
                               id, ledger_shard)));
    return {id};
  }
  machines::AccountId open_account(const AccountSpec& spec) override {
    const auto rows = must(owner_.run(fmt::format(
        "INSERT INTO ledger.account (owner, asset, path, limited, fund) VALUES ({}, {}, '{}', {}, {}) RETURNING id",
        spec.owner.value, spec.asset.value, spec.path, spec.limited, spec.fund.value)));
    return {rows.number(0, 0)};
  }
  std::vector<machines::StepResult> commit(std::int64_t epoch, std::span<const machines::Step> steps) override {
    return must(ledger::journal::Journal(service_).commit(ledger_shard, epoch, steps));
  }
  std::int64_t own_shards() override { return must(ledger::jobs::Jobs(owner_).own_shards("test")); }
  void raise_control_epoch(machines::OwnerId owner) override {
    must(owner_.run(fmt::format("UPDATE ledger.control SET epoch = epoch + 1 WHERE owner = {}", owner.value)));
  }
  void freeze(machines::OwnerId owner, bool is_frozen) override {
    must(owner_.run(fmt::format("UPDATE ledger.control SET epoch = epoch + 1, frozen = '{}' WHERE owner = {}",
                                is_frozen ? "all" : "no", owner.value)));
  }
  std::vector<machines::LeasedJob> claim(machines::Instant world_now, int limit) override {
    return must(jobs_.claim(shards_, world_now, limit, "test"));
  }
  std::vector<machines::LeasedJob> leased() override { return must(jobs_.leased(shards_)); }
  int give_back(std::span<const Failure> failures) override {
    std::vector<ledger::jobs::Failure> all;
    for (const Failure& one : failures)
      all.push_back({one.key, one.token, one.reason, one.delay_ms, one.park, one.counts_as_try});
    return must(jobs_.give_back(all));
  }
  Due due(machines::Instant world_at) override {
    const auto due = must(jobs_.due(shards_, world_at));
    return {due.next_due, due.parked, due.parked_reason, due.next_run_us};
  }
  machines::Instant next_unheld() override { return must(jobs_.next_unheld(shards_)); }
  bool submit_event(machines::OwnerId owner, machines::InstanceId instance, const std::string& event,
                    machines::Instant world_at) override {
    return must(jobs_.submit_event(owner, instance, event, world_at));
  }
  Balance balance(machines::OwnerId owner, machines::AccountId account) override {
    const auto rows = read(
        "debits_pending, debits_posted, credits_pending, credits_posted, version FROM ledger.account "
        "WHERE owner = {} AND id = {}",
        owner.value, account.value);
    return {counters_at(rows, 0), rows.number(0, 4)};
  }
  std::vector<Counters> entries(machines::OwnerId owner, machines::AccountId account) override {
    const auto rows = read(
        "debits_pending, debits_posted, credits_pending, credits_posted, version FROM ledger.entry "
        "WHERE owner = {} AND account = {} ORDER BY version",
        owner.value, account.value);
    std::vector<Counters> found;
    for (int row = 0; row < rows.size(); ++row) {
      CHECK(rows.number(row, 4) == row + 1);
      found.push_back(counters_at(rows, row));
    }
    return found;
  }
  std::optional<InstanceRow> instance(machines::OwnerId owner, machines::InstanceId id) override {
    const auto rows =
        read("state, version, is_final FROM ledger.instance WHERE owner = {} AND id = {}", owner.value, id.value);
    if (rows.empty()) return std::nullopt;
    return InstanceRow{std::string(rows.text(0, 0)), rows.number(0, 1), rows.flag(0, 2)};
  }
  std::vector<JobRow> jobs(machines::OwnerId owner) override {
    const auto rows = read(
        "instance, version, ordinal, command, is_event, world_at, token IS NOT NULL FROM ledger.job "
        "WHERE owner = {} ORDER BY 1, 2, 3",
        owner.value);
    std::vector<JobRow> found;
    for (int row = 0; row < rows.size(); ++row)
      found.push_back({{owner, {rows.number(row, 0)}, rows.number(row, 1), static_cast<int>(rows.number(row, 2))},
                       std::string(rows.text(row, 3)),
                       rows.flag(row, 4),
                       {rows.number(row, 5)},
                       rows.flag(row, 6)});
    return found;
  }
  std::vector<std::string> refusals(machines::OwnerId owner) override {
    const auto rows = read("reason FROM ledger.refusal WHERE owner = {} ORDER BY reason COLLATE \"C\"", owner.value);
    std::vector<std::string> found;
    for (int row = 0; row < rows.size(); ++row) found.emplace_back(rows.text(row, 0));
    return found;
  }
  std::string verify() override { return must(ledger::audit::verify(operator_)).problem; }
  std::string digest() override { return must(ledger::audit::digest(operator_)); }

 private:
  template <class... Values>
  ledger::Rows read(const char* what, Values... values) {
    return must(operator_.run("SELECT " + fmt::format(fmt::runtime(what), values...)));
  }

  ledger::Connection owner_, service_, operator_;
  ledger::jobs::Jobs jobs_{service_};
  std::array<int, 1> shards_{ledger_shard};
  inline static std::int32_t owners = 0;  // of all databases
};

std::string ledger_database() {
  std::string name = fresh_database();
  must_run(name, "INSERT INTO ledger.asset VALUES (1, 'USDT', 8), (2, 'ETH', 18)");
  return name;
}

}  // namespace

std::unique_ptr<Backend> postgres_backend() {
  static const std::string shared = ledger_database();
  return std::make_unique<PostgresBackend>(shared);
}

std::unique_ptr<Backend> fresh_postgres_backend() { return std::make_unique<PostgresBackend>(ledger_database()); }

}  // namespace tests
