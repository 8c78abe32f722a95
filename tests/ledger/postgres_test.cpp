// tests/ledger/postgres_test.cpp: what only the real thing can show: many writers at once, a server that dies at any
// statement, tampering, and who may write at all.
#include <signal.h>

#include <atomic>
#include <thread>

#include "ledger/audit/verify.hpp"
#include "ledger/journal/journal.hpp"
#include "tests/ledger/suite.hpp"
#include "tests/support/child.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A ledger in a database of the test's own, with `tills` tills at version 1 and 1,000 in cash.
struct Ground {
  std::string database = fresh_database();
  OwnerId owner{1};
  AccountId outside{1}, cash{2}, shop{3};
  std::vector<InstanceId> tills;

  explicit Ground(int count) {
    must_run(database,
             "INSERT INTO ledger.asset VALUES (1, 'USDT', 8); INSERT INTO ledger.owner VALUES (1, 'one', 7); "
             "INSERT INTO ledger.control (owner) VALUES (1); INSERT INTO ledger.account (owner, id, asset, path, "
             "limited) VALUES (1, 1, 1, 'outside', false), (1, 2, 1, 'cash', true), (1, 3, 1, 'shop', false)");
    std::vector<Step> steps(static_cast<std::size_t>(count), birth(owner));
    steps.at(0).postings = {pay(outside, cash, 1'000, "fund")};
    ledger::Connection connection(service());
    const auto results = ledger::journal::Journal(connection).commit(ledger_shard, 0, steps);
    CHECK(results.has_value());
    for (const StepResult& result : *results) tills.push_back(result.born.at(0));
  }
  ~Ground() { drop_database(database); }
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;

  [[nodiscard]] std::string owner_dsn() const { return dsn(database, "bursar_owner"); }
  [[nodiscard]] std::string service() const { return dsn(database, "bursar_service"); }
  [[nodiscard]] std::string one(const std::string& sql) const {
    return std::string(must_run(database, sql).text(0, 0));
  }
  [[nodiscard]] std::string problem() const {
    ledger::Connection connection(acting_as(database, "bursar_operator"));
    const auto verdict = ledger::audit::verify(connection);
    return verdict ? verdict->problem : verdict.error().text;
  }
};

class PostgresOnly : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  }
};

struct Tally {
  std::atomic<int> committed = 0, poor = 0, else_refused = 0, failed = 0;
};

// Moves its own till on and pays 3, holds 2, or posts what it held, over accounts that all writers share.
void write_steps(const Ground& ground, std::size_t writer, Tally& tally) {
  ledger::Connection connection(ground.service());
  ledger::journal::Journal journal(connection);
  const InstanceId till = ground.tills[writer];
  std::int64_t version = 1;
  for (int round = 0; round < 30; ++round) {
    std::vector<Step> call = {with(next(ground.owner, till, version), {pay(ground.cash, ground.shop, 3)}),
                              with(next(ground.owner, till, version + 1), {hold(ground.cash, ground.shop, 2)})};
    if (round % 2 == 0) std::swap(call[0].postings, call[1].postings);
    const auto results = journal.commit(ledger_shard, 0, call);
    if (!results) {
      ++tally.failed;
      continue;
    }
    for (const StepResult& result : *results) {
      if (result.outcome == Outcome::committed)
        ++tally.committed, ++version;
      else if (result == refused(Refusal::insufficient_funds))
        ++tally.poor;
      else if (result != stale_version)
        ++tally.else_refused;
    }
  }
}

TEST_F(PostgresOnly, Inv2SixteenWritersNeverOverspendALimitedAccount) {
  const Ground ground(16);
  Tally tally;
  std::vector<std::thread> writers;
  for (std::size_t writer = 0; writer < 16; ++writer)
    writers.emplace_back([&, writer] { write_steps(ground, writer, tally); });
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(tally.failed, 0) << "a deadlock, or a call that was refused whole";
  EXPECT_EQ(tally.else_refused, 0);
  EXPECT_GT(tally.poor, 0) << "there was money for all: nothing was tested";
  EXPECT_EQ(ground.one("SELECT count(*) FROM ledger.entry e JOIN ledger.account a ON a.owner = e.owner AND a.id = "
                       "e.account WHERE a.limited AND e.debits_pending + e.debits_posted > e.credits_posted"),
            "0");
  EXPECT_LT(std::stoi(ground.one("SELECT (credits_posted - debits_posted - debits_pending)::text FROM ledger.account "
                                 "WHERE id = 2")),
            3)
      << "all was spent that could be";
  EXPECT_EQ(ground.one("SELECT (count(*) - 16)::text FROM ledger.transition"), std::to_string(tally.committed));
  EXPECT_EQ(ground.problem(), "");
}

TEST_F(PostgresOnly, Inv22OfSixteenRivalsForOneVersionOneWins) {
  const Ground ground(1);
  std::atomic<int> won = 0, lost = 0;
  std::vector<std::thread> rivals;
  for (int n = 1; n <= 16; ++n)
    rivals.emplace_back([&, n] {
      ledger::Connection connection(ground.service());
      const Step step = with(next(ground.owner, ground.tills[0], 1), {pay(ground.cash, ground.shop, n)});
      const auto results = ledger::journal::Journal(connection).commit(ledger_shard, 0, {&step, 1});
      if (results && results->at(0) == committed) ++won;
      if (results && results->at(0) == refused(Refusal::conflict)) ++lost;
    });
  for (std::thread& rival : rivals) rival.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 15);
  EXPECT_EQ(ground.problem(), "");
}

// One writer sends the same chain of steps, each until it knows that it stands, through crashes of the whole server.
void send_until_it_stands(const Ground& ground, std::size_t writer, int steps, std::atomic<int>& stood) {
  ledger::Connection connection(ground.service());
  ledger::journal::Journal journal(connection);
  for (int n = 1; n <= steps; ++n) {
    Step step = with(next(ground.owner, ground.tills[writer], n),
                     {pay(ground.cash, ground.shop, 1), hold(ground.shop, ground.cash, 1)});
    step = ordering(step, "count", {5'000 + n});
    step.moves.push_back(born(1, ground.tills[writer]));
    for (;;) {
      const auto results = journal.commit(ledger_shard, 0, {&step, 1});
      if (results && results->at(0).outcome == Outcome::committed) break;
      ASSERT_FALSE(results) << "a crash must not turn a step into another outcome";
      ASSERT_NE(results.error().failure, ledger::StoreFailure::refused) << results.error().text;
      pause_briefly();
    }
    ++stood;
  }
}

TEST_F(PostgresOnly, Inv6AServerKilledAtAnyStatementLeavesStepsWholeOrAbsent) {
  constexpr int writers = 4;
  constexpr int steps = 120;
  const Ground ground(writers);
  std::atomic<int> stood = 0;
  std::atomic<bool> over = false;
  std::vector<std::thread> threads;
  for (std::size_t writer = 0; writer < writers; ++writer)
    threads.emplace_back([&, writer] { send_until_it_stands(ground, writer, steps, stood); });
  std::thread end([&] {
    for (std::thread& thread : threads) thread.join();
    over = true;
  });
  for (const int after : {40, 150, 300}) {
    EXPECT_TRUE(wait_until([&] { return stood >= after || over; }));
    const int before = cluster().restarts();
    ASSERT_EQ(kill(cluster().pid(), SIGQUIT), 0);  // immediate: no process finishes its statement, none flushes
    EXPECT_TRUE(wait_until([&] {
      const auto health = cluster().watch();
      return health && *health == deploy::Health::ready && cluster().restarts() > before;
    }));
    EXPECT_EQ(ground.problem(), "") << "while the writers go on";
  }
  end.join();
  EXPECT_EQ(stood, writers * steps);
  EXPECT_EQ(ground.problem(), "");
  const std::string whole = std::to_string(writers * steps);
  EXPECT_EQ(ground.one("SELECT count(*) FROM ledger.transition WHERE event = 'rung'"), whole);
  EXPECT_EQ(ground.one("SELECT count(*) FROM ledger.posting WHERE code = 'pay'"), whole);
  EXPECT_EQ(ground.one("SELECT count(*) FROM ledger.hold WHERE resolved_by = 0"), whole);
  EXPECT_EQ(ground.one("SELECT count(*) FROM ledger.job WHERE command = 'count'"), whole);
  EXPECT_EQ(ground.one("SELECT count(*) FROM ledger.instance WHERE parent <> 0"), whole);
  EXPECT_EQ(ground.one("SELECT debits_posted::text FROM ledger.account WHERE id = 2"), whole);
}

// What is changed behind the triggers' back, and what the verifier calls the first bad row.
struct Tampering {
  const char* sql;
  const char* found;
};

constexpr Tampering tamperings[] = {
    {"UPDATE ledger.transition SET event = 'stolen' WHERE instance = 2 AND version = 2",
     "transition (owner 1, instance 2, version 2)"},
    {"UPDATE ledger.transition SET data = '[]' WHERE instance = 1 AND version = 1",
     "transition (owner 1, instance 1, version 1)"},
    {"UPDATE ledger.transition SET world_at = 1 WHERE instance = 1 AND version = 2",
     "transition (owner 1, instance 1, version 2)"},
    {"DELETE FROM ledger.transition WHERE instance = 1 AND version = 2", "instance 1, version 2"},
    {"UPDATE ledger.posting SET amount = amount + 1 WHERE instance = 1 AND version = 2",
     "transition (owner 1, instance 1, version 2)"},
    {"UPDATE ledger.posting SET credit = 1 WHERE instance = 1 AND version = 2",
     "transition (owner 1, instance 1, version 2)"},
    {"DELETE FROM ledger.posting WHERE instance = 1 AND version = 2 AND leg = 2",
     "transition (owner 1, instance 1, version 2)"},
    {"UPDATE ledger.posting SET world_at = 1 WHERE instance = 1 AND version = 2",
     "posting (owner 1, instance 1, version 2, leg 1)"},
    {"UPDATE ledger.entry SET credits_posted = 1 WHERE account = 3 AND version = 1",
     "entry (owner 1, account 3, version 1)"},
    {"DELETE FROM ledger.entry WHERE account = 3 AND version = 1", "entry (owner 1, account 3, version 2)"},
    {"UPDATE ledger.account SET credits_posted = credits_posted + 5 WHERE id = 2", "account (owner 1, id 2, cash)"},
    {"UPDATE ledger.account SET version = 9 WHERE id = 3", "account (owner 1, id 3, shop)"},
    {"UPDATE ledger.account SET limited = true WHERE id = 1", "account_limit"},
    {"UPDATE ledger.instance SET state = 'closed' WHERE id = 2", "instance (owner 1, id 2)"},
    {"UPDATE ledger.hold SET reserved = reserved + 1 WHERE instance = 1", "pending debits are not its open holds"},
    {"UPDATE ledger.hold SET resolved_by = 2 WHERE instance = 1", "pending debits are not its open holds"},
    {"UPDATE ledger.refusal SET reason = 'conflict'", "refusal (owner 1, instance 2, version 3)"},
    {"DELETE FROM ledger.refusal", "link (shard 7, seq 3)"},
    {"UPDATE ledger.link SET wall_at = wall_at + interval '1 microsecond' WHERE seq = 2", "link (shard 7, seq 2)"},
    {"UPDATE ledger.link SET versions[1] = 1 WHERE seq = 2", "link (shard 7, seq 2)"},
    {"DELETE FROM ledger.link WHERE seq = 2", "link (shard 7, seq 3)"},
    {"DELETE FROM ledger.link WHERE seq = 3", "shard 7: its head is not its last link"},
    {"UPDATE ledger.shard SET head = '\\x00' WHERE id = 7", "shard 7: its head is not its last link"},
};

TEST_F(PostgresOnly, Inv27EveryTamperedRowIsFoundAndNamed) {
  const Ground ground(2);
  ledger::Connection service(ground.service());
  ledger::journal::Journal journal(service);
  const std::vector<Step> steps = {
      with(next(ground.owner, {1}, 1), {pay(ground.cash, ground.shop, 30), hold(ground.cash, ground.shop, 20)}),
      next(ground.owner, {2}, 1)};
  ASSERT_EQ(journal.commit(ledger_shard, 0, steps).value(), (std::vector{committed, committed}));
  const Step poor = with(next(ground.owner, {2}, 2), {pay(ground.cash, ground.shop, 5'000)});
  ASSERT_EQ(journal.commit(ledger_shard, 0, {&poor, 1}).value(), (std::vector{refused(Refusal::insufficient_funds)}));
  ASSERT_EQ(ground.problem(), "");
  ledger::Connection insider(dsn(ground.database));
  for (const auto& [sql, found] : tamperings) {
    // The function that the verdict asks is the verifier's own; all in one transaction that is undone.
    const std::string passes =
        "SELECT coalesce(ledger.verify_rows(), ledger.verify_orphans(), ledger.verify_instances(), "
        "ledger.verify_entries(), ledger.verify_sums(), ledger.verify_links(), 'nothing')";
    const auto answer = insider.run("SET LOCAL session_replication_role = replica; " + std::string(sql) +
                                    "; DO $do$ BEGIN RAISE EXCEPTION '%', (" + passes + "); END $do$");
    ASSERT_FALSE(answer) << sql;
    EXPECT_THAT(answer.error().text, HasSubstr(found)) << sql;
  }
  EXPECT_EQ(ground.problem(), "") << "all of it was undone";
}

TEST_F(PostgresOnly, HistoryRefusesChangesEvenFromItsOwner) {
  const Ground ground(1);
  ledger::Connection owner(dsn(ground.database));
  for (const char* table : {"transition", "posting", "entry", "refusal", "link"})
    EXPECT_THAT(owner.run(std::string("TRUNCATE ledger.") + table + " CASCADE").error().text, HasSubstr("append-only"));
  EXPECT_THAT(owner.run("UPDATE ledger.transition SET event = 'x'").error().text, HasSubstr("append-only"));
  EXPECT_THAT(owner.run("DELETE FROM ledger.entry").error().text, HasSubstr("append-only"));
  EXPECT_THAT(owner.run("DELETE FROM ledger.account").error().text, HasSubstr("append-only"));
  EXPECT_THAT(owner.run("UPDATE ledger.asset SET scale = 2").error().text, HasSubstr("append-only"));
}

TEST_F(PostgresOnly, TheServiceWritesThroughTheFunctionsOnly) {
  const Ground ground(1);
  ledger::Connection service(ground.service());
  const auto tables = must_run(ground.database, "SELECT tablename FROM pg_tables WHERE schemaname = 'ledger'");
  ASSERT_GT(tables.size(), 10);
  for (int row = 0; row < tables.size(); ++row) {
    const std::string table = "ledger." + std::string(tables.text(row, 0));
    for (const std::string& sql : {"DELETE FROM " + table, "INSERT INTO " + table + " DEFAULT VALUES",
                                   "TRUNCATE " + table, "LOCK TABLE " + table + " IN EXCLUSIVE MODE"})
      EXPECT_THAT(service.run(sql).error().text, HasSubstr("permission denied")) << sql;
    const auto columns = must_run(ground.database, "SELECT count(*) FROM pg_attribute WHERE attrelid = '" + table +
                                                       "'::regclass AND has_column_privilege('bursar_service', "
                                                       "attrelid, attnum, 'UPDATE') AND attnum > 0");
    EXPECT_EQ(columns.number(0, 0), 0) << table;
  }
}

// A function that looks a shard's epoch up itself may find another one at its end. A sequence counts the calls: it is
// not rolled back.
TEST_F(PostgresOnly, ACallThatABrokersTakeoverMeetsIsMadeAgain) {
  Ground ground(1);
  must_run(
      ground.database,
      "CREATE SEQUENCE public.calls; CREATE FUNCTION public.late(p_from int, p_code text, p_text text) RETURNS bigint "
      "LANGUAGE plpgsql AS $$ DECLARE n bigint := nextval('public.calls'); BEGIN IF n < p_from THEN "
      "RAISE EXCEPTION '%', p_text USING ERRCODE = p_code; END IF; RETURN n; END $$");
  ledger::Connection connection(ground.owner_dsn());
  const auto late = [&](bool names_epoch, int from, const std::string& code, const std::string& text) {
    must_run(ground.database, "ALTER SEQUENCE public.calls RESTART");
    return connection.call({names_epoch ? "late_named" : "late", "SELECT public.late($1, $2, $3)", true, names_epoch},
                           ledger::Parameters().add(std::int64_t{from}).add(code).add(text));
  };
  const std::string epoch = "a step does not fit: epoch";
  const auto second = late(false, 3, "BU001", "shard 7 is no longer at epoch 4");
  ASSERT_TRUE(second) << second.error().text;
  EXPECT_EQ(second->number(0, 0), 3);
  EXPECT_TRUE(late(false, 3, "BU003", epoch));
  EXPECT_FALSE(late(true, 3, "BU003", epoch)) << "its caller named the epoch";
  EXPECT_FALSE(late(false, 3, "BU002", "a step does not fit: account")) << "nobody took anything over";
  EXPECT_FALSE(late(false, 100, "BU001", "for ever")) << "not without end";
  EXPECT_EQ(ground.one("SELECT last_value FROM public.calls"), "11");
}

// A function that answers in another shape than when the session prepared the call.
TEST_F(PostgresOnly, ASessionFromBeforeAMigrationIsNoFaultOfItsJobs) {
  Ground ground(1);
  must_run(ground.database, "CREATE FUNCTION public.shape() RETURNS TABLE (a int) LANGUAGE sql AS 'SELECT 1'");
  ledger::Connection connection(ground.owner_dsn());
  const ledger::SqlStatement shape = {"shape", "SELECT * FROM public.shape()", false};
  ASSERT_TRUE(connection.call(shape));
  must_run(ground.database,
           "DROP FUNCTION public.shape(); CREATE FUNCTION public.shape() RETURNS TABLE (a int, b int) LANGUAGE sql AS "
           "'SELECT 1, 2'");
  const auto met = connection.call(shape);
  ASSERT_FALSE(met);
  EXPECT_EQ(met.error().failure, ledger::StoreFailure::unavailable) << met.error().text;
  const auto anew = connection.call(shape);
  ASSERT_TRUE(anew) << anew.error().text;
  EXPECT_EQ(anew->number(0, 1), 2);
}

TEST_F(PostgresOnly, AmountsAreWholeAndInRange) {
  const Ground ground(1);
  for (const char* amount : {"1.5", "'NaN'", "1e38", "-1e38", "'Infinity'", "'-Infinity'"})
    EXPECT_THAT(ledger::Connection(dsn(ground.database)).run(std::string("SELECT ") + amount + "::ledger.minor_units"),
                testing::Truly([](const auto& answer) { return !answer.has_value(); }))
        << amount;
  EXPECT_EQ(ground.one("SELECT (1e38 - 1)::ledger.minor_units::text"), std::string(38, '9'));
}

}  // namespace
}  // namespace tests
