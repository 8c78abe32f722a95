// tests/ledger/audit/audit_test.cpp: the auditor on a real PostgreSQL: whatever is changed behind the triggers' back is
// named, an older or rewritten database does not satisfy what was signed, and what did not end is not ok.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "ledger/audit/checkpoints.hpp"
#include "ledger/audit/verify.hpp"
#include "ledger/journal/journal.hpp"
#include "ledger/store/dsn.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

using ledger::audit::Checkpoint;
using ledger::audit::Checkpoints;
using ledger::audit::Head;
using ledger::audit::Signer;
using machines::PostingKind;
using machines::Step;
using testing::HasSubstr;

constexpr int shard = 7;

machines::Move move_of(machines::Subject subject, std::int64_t version) {
  machines::Move move;
  move.instance = subject;
  move.kind = "till";
  move.version = version;
  move.from = version == 0 ? "" : "open";
  move.to = "open";
  move.event = "rung";
  move.command = "none";
  move.data = "{}";
  return move;
}

Step step_of(machines::Subject subject, std::int64_t version, std::vector<machines::Posting> postings) {
  Step step;
  step.owner = {1};
  step.world_at = {1'000 + version};
  step.moves.push_back(move_of(subject, version));
  step.postings = std::move(postings);
  return step;
}

machines::Posting pay(std::int64_t from, std::int64_t to, machines::Int128 minor) {
  return {PostingKind::single, {from}, {to}, machines::Amount({1}, minor), "pay", {}};
}
machines::Posting hold(std::int64_t from, std::int64_t to, machines::Int128 minor) {
  return {PostingKind::hold, {from}, {to}, machines::Amount({1}, minor), "reserve", {}};
}

// A ledger of two tills with money, a hold that stands, one that was spent, and a refusal.
class AuditTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    database_ = fresh_database();
    must_run(database_,
             "INSERT INTO ledger.asset VALUES (1, 'USDT', 8), (2, 'ETH', 18); INSERT INTO ledger.owner VALUES (1, "
             "'one', 7); INSERT INTO ledger.control (owner) VALUES (1); INSERT INTO ledger.account (owner, id, asset, "
             "path, limited) VALUES (1, 1, 1, 'outside', false), (1, 2, 1, 'cash', true), (1, 3, 1, 'shop', false)");
    first_ = commit(step_of(machines::Subject::birth(1), 0, {pay(1, 2, 1'000), hold(2, 3, 20)}));
    second_ = commit(step_of(machines::Subject::birth(1), 0, {hold(2, 3, 30)}));
    (void)commit(step_of(machines::Subject::of({second_}), 1,
                         {{PostingKind::post, {2}, {3}, machines::Amount({1}, 25), "spend", {{second_}, 1, 1}}}));
    EXPECT_EQ(commit(step_of(machines::Subject::of({second_}), 2, {pay(2, 3, 5'000)})), -1) << "a refusal";
  }
  void TearDown() override {
    if (!database_.empty()) drop_database(database_);
  }

  // The id of what was born, 0; -1 when refused.
  std::int64_t commit(const Step& step) { return commit_to(database_, step); }
  static std::int64_t commit_to(const std::string& database, const Step& step) {
    ledger::Connection connection(dsn(database, "bursar_service"));
    const auto results = ledger::journal::Journal(connection).commit(shard, 0, {&step, 1});
    CHECK(results.has_value());
    if (results->at(0).outcome != machines::Outcome::committed) return -1;
    return results->at(0).born.empty() ? 0 : results->at(0).born.at(0).value;
  }
  void work(int steps) {
    for (int n = 0; n < steps; ++n)
      ASSERT_EQ(commit(step_of(machines::Subject::of({first_}), ++version_, {pay(2, 3, 1)})), 0);
  }

  static ledger::audit::Verdict verdict_of(const std::string& database, const std::string& role = "bursar_operator",
                                           const ledger::audit::VerifyOptions& options = {}) {
    ledger::Connection connection(acting_as(database, role));
    const auto verdict = ledger::audit::verify(connection, options);
    EXPECT_TRUE(verdict) << verdict.error().text;
    return verdict ? *verdict : ledger::audit::Verdict{};
  }
  static std::string problem(const std::string& database) { return verdict_of(database).problem; }

  // Behind the triggers' and constraints' back, as a superuser can.
  static void tamper(const std::string& database, const std::string& sql) {
    must_run(database, "SET LOCAL session_replication_role = replica; " + sql);
  }

  std::string database_;
  std::int64_t first_ = 0, second_ = 0, version_ = 0;
};

// Columns of the ledger's tables that no digest and no replay covers, each with the reason.
constexpr const char* outside[] = {
    "transition.wall_at",     // wall time enters no digest (DESIGN 5); the link has its own, which is covered
    "refusal.wall_at",        // the same
    "account.path",           // what was opened is in the chain where a vault or sleeve opened it: tests/ledger/vaults
    "account.limited",        // the same; true where history breaks the limit is found
    "account.fund",           // the same
    "instance.is_final",      // follows from the machine's table, which SQL does not know
    "shard.seat",             // who serves it now: a lease of wall time, as epochs are
    "instance.parent",        // in no digest yet
    "instance.sleeve",        // in no digest yet
    "instance.born_ordinal",  // in no digest yet
    "shard.epoch",            // a fencing token, not history
    "shard.broker",           // who holds it
};

// What a changed row of a table may be named by: itself, or a row that is computed from it.
const std::map<std::string, std::vector<std::string>> named_by = {
    {"transition", {"transition (", "instance (", "posting (", "link (", "refusal ("}},
    {"posting", {"posting (", "transition (", "entry (", "hold ("}},
    {"entry", {"entry (", "posting (", "account ("}},
    {"refusal", {"refusal (", "link ("}},
    {"link", {"link (", "shard ", "transition (", "refusal ("}},
    {"account", {"account (", "entry ("}},
    {"instance", {"instance ("}},
    {"hold", {"hold (", "posting (", "account ("}},
    {"shard", {"shard ", "link ("}},
};

bool is_named(const std::string& problem, const std::string& table) {
  const auto& names = named_by.at(table);
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return problem.starts_with(name); });
}

std::string other_value(const std::string& type, const std::string& column) {
  if (type == "text") return column + " || 'x'";
  if (type == "bytea") return "set_byte(" + column + ", 0, get_byte(" + column + ", 0) # 1)";
  if (type == "uuid") return "gen_random_uuid()";
  if (type == "boolean") return "NOT " + column;
  if (type.starts_with("timestamp")) return column + " + interval '1 microsecond'";
  if (type == "ARRAY") return column + " || " + column;
  return column + " + 1000";
}

TEST_F(AuditTest, Inv27AFlippedValueInAnyColumnOfAnyTableIsFound) {
  ASSERT_EQ(problem(database_), "");
  must_run(database_,
           "DO $$ DECLARE c record; BEGIN FOR c IN SELECT conname, conrelid::regclass AS t FROM pg_constraint WHERE "
           "contype = 'c' AND connamespace = 'ledger'::regnamespace AND conrelid <> 0 LOOP EXECUTE format('ALTER TABLE "
           "%s DROP CONSTRAINT %I', c.t, c.conname); END LOOP; END $$");
  const auto columns = must_run(
      database_,
      "SELECT table_name, column_name, CASE WHEN domain_name IS NOT NULL THEN 'numeric' ELSE data_type END FROM "
      "information_schema.columns WHERE table_schema = 'ledger' AND table_name IN ('transition', 'posting', 'entry', "
      "'refusal', 'link', 'account', 'instance', 'hold', 'shard') ORDER BY 1, 2");
  ASSERT_GT(columns.size(), 60);
  int flipped = 0;
  for (int row = 0; row < columns.size(); ++row) {
    const std::string table(columns.text(row, 0)), column(columns.text(row, 1)), type(columns.text(row, 2));
    if (std::find(std::begin(outside), std::end(outside), table + "." + column) != std::end(outside)) continue;
    // One row of it, in place; then back from a copy of the table.
    const std::string victim =
        table == "shard" ? " WHERE seq > 0" : " WHERE ctid = (SELECT max(ctid) FROM ledger." + table + ")";
    must_run(database_, "CREATE TABLE kept AS SELECT * FROM ledger." + table);
    tamper(database_, fmt::format("UPDATE ledger.{} SET {} = {}{}", table, column, other_value(type, column), victim));
    const std::string found = problem(database_);
    EXPECT_TRUE(is_named(found, table)) << table << "." << column << ": " << found;
    tamper(database_,
           "DELETE FROM ledger." + table + "; INSERT INTO ledger." + table + " SELECT * FROM kept; DROP TABLE kept");
    ++flipped;
  }
  EXPECT_GT(flipped, 50);
  EXPECT_EQ(problem(database_), "") << "all of it was put back";
}

TEST_F(AuditTest, Inv27AMissingRowOfAnyTableIsFound) {
  for (const char* table : {"transition", "posting", "entry", "refusal", "link", "instance", "hold"}) {
    must_run(database_, std::string("CREATE TABLE kept AS SELECT * FROM ledger.") + table);
    tamper(database_, fmt::format("DELETE FROM ledger.{0} WHERE ctid = (SELECT min(ctid) FROM ledger.{0})", table));
    const std::string found = problem(database_);
    EXPECT_TRUE(is_named(found, table)) << table << ": " << found;
    tamper(database_,
           fmt::format("DELETE FROM ledger.{0}; INSERT INTO ledger.{0} SELECT * FROM kept; DROP TABLE kept", table));
  }
  EXPECT_EQ(problem(database_), "");
}

// Each column holds the same values as before, only in other rows: the sums of what is hashed must notice.
TEST_F(AuditTest, Inv27ValuesThatChangedPlacesBetweenRowsAreFound) {
  work(3);
  for (const std::int64_t version : {2, 3})
    ASSERT_EQ(commit(step_of(machines::Subject::of({second_}), version, {pay(2, 3, 1)})), 0);
  ASSERT_EQ(problem(database_), "");
  tamper(database_, fmt::format("UPDATE ledger.entry SET step_version = 3 WHERE instance = {} AND step_version = 4; "
                                "UPDATE ledger.entry SET step_version = 4 WHERE instance = {} AND step_version = 3",
                                first_, second_));
  for (int seed = 0; seed < 5; ++seed) EXPECT_TRUE(is_named(problem(database_), "entry")) << problem(database_);
}

// The digests are of UTF-8, whatever the session of the auditor speaks.
TEST_F(AuditTest, TextBeyondAsciiVerifiesInAnyClientEncoding) {
  Step step = step_of(machines::Subject::of({first_}), 1, {});
  step.moves[0].data = "{\"why\": \"caf\u00e9, 3 \u20ac\"}";
  ASSERT_EQ(commit(step), 0);
  for (const char* encoding : {"UTF8", "LATIN1"}) {
    ledger::Connection connection(acting_as(database_, "bursar_operator"));
    ASSERT_TRUE(connection.run(std::string("SET SESSION client_encoding = '") + encoding + "'"));
    const auto verdict = ledger::audit::verify(connection, {1, 200'000, {}, {}});
    ASSERT_TRUE(verdict) << verdict.error().text;
    EXPECT_TRUE(verdict->ok) << encoding << ": " << verdict->problem;
  }
}

TEST_F(AuditTest, WritersAtWorkRaiseNoFalseAlarmAndNothingIsLeftOut) {
  std::atomic<bool> over = false;
  std::vector<std::thread> writers;
  for (const std::int64_t till : {first_, second_})
    writers.emplace_back([&, till] {
      std::int64_t version = till == first_ ? 1 : 2;
      for (; !over; ++version)
        EXPECT_EQ(commit(step_of(machines::Subject::of({till}), version, {pay(1, 2, 3), hold(2, 3, 1)})), 0);
    });
  std::int64_t before = 0;
  for (int round = 0; round < 10; ++round) {
    const auto verdict = verdict_of(database_, round % 2 == 0 ? "bursar_operator" : "bursar_owner", {2, 7, {}, {}});
    EXPECT_TRUE(verdict.ok) << verdict.problem;
    EXPECT_GE(verdict.links, before) << "all links up to the head that was read first";
    EXPECT_EQ(verdict.links, verdict.heads.at(0).seq);
    before = verdict.links;
    ledger::Connection connection(acting_as(database_, "bursar_operator"));
    const std::vector<Head> since = {
        {shard, 2,
         std::string(must_run(database_, "SELECT encode(hash, 'hex') FROM ledger.link WHERE seq = 2").text(0, 0))}};
    const auto rest = verify_since(connection, since);
    ASSERT_TRUE(rest);
    EXPECT_TRUE(rest->ok) << rest->problem;
  }
  over = true;
  for (auto& writer : writers) writer.join();
  EXPECT_GT(before, 6) << "the writers wrote beside it";
}

TEST_F(AuditTest, SinceACheckpointOnlyWhatCameAfterItIsReadAgain) {
  const auto first = verdict_of(database_);
  work(5);
  ledger::Connection connection(acting_as(database_, "bursar_operator"));
  const auto rest = verify_since(connection, first.heads);
  ASSERT_TRUE(rest);
  EXPECT_TRUE(rest->ok) << rest->problem;
  EXPECT_EQ(rest->links, 5);
  EXPECT_EQ(rest->transitions, 5);
  for (const char* sql : {"UPDATE ledger.posting SET amount = amount + 1 WHERE instance = 1 AND version = 4",
                          "UPDATE ledger.entry SET credits_posted = credits_posted + 1 WHERE account = 3 AND version = "
                          "(SELECT max(version) FROM ledger.entry WHERE account = 3)",
                          "UPDATE ledger.instance SET state = 'x' WHERE id = 1",
                          "UPDATE ledger.account SET debits_posted = debits_posted + 1 WHERE id = 1",
                          "UPDATE ledger.account SET debits_posted = debits_posted + 1, credits_posted = "
                          "credits_posted + 1 WHERE id = 1",
                          "UPDATE ledger.instance SET data = '{\"a\": 1}' WHERE id <> 1",
                          "UPDATE ledger.hold SET reserved = reserved + 1 WHERE resolved_by <> 0",
                          "UPDATE ledger.link SET wall_at = wall_at + interval '1 second' WHERE seq = 7"}) {
    ledger::Connection insider(dsn(database_));
    const auto table = std::string(sql).substr(14, std::string(sql).find(" SET") - 14);
    must_run(database_, "CREATE TABLE kept AS SELECT * FROM ledger." + table);
    tamper(database_, sql);
    const auto verdict = verify_since(connection, first.heads);
    ASSERT_TRUE(verdict);
    EXPECT_FALSE(verdict->ok) << sql;
    tamper(database_,
           fmt::format("DELETE FROM ledger.{0}; INSERT INTO ledger.{0} SELECT * FROM kept; DROP TABLE kept", table));
  }
}

TEST_F(AuditTest, Inv28AnOlderOrRewrittenDatabaseDoesNotSatisfyWhatWasSigned) {
  const TempFolder folder;
  const auto key = folder.path() / "checkpoint.key", file = folder.path() / "checkpoints";
  ASSERT_TRUE(Signer::make(key));
  const auto signer = Signer::open(key);
  ASSERT_TRUE(signer);
  ledger::Connection connection(acting_as(database_, "bursar_operator"));
  auto checkpoints = Checkpoints::read(file, signer->public_key());
  ASSERT_TRUE(checkpoints);
  work(3);
  const std::string name = *ledger::audit::deployment_name(connection);
  ASSERT_TRUE(checkpoints->append({name, 1'700'000'000'000'000, verdict_of(database_).heads}, *signer));
  work(1);
  EXPECT_EQ(*objection(connection, *Checkpoints::read(file, signer->public_key()), file), std::nullopt);
  // The newest rows are gone, and all that depends on them says so too: an older state, as a backup would hold it.
  must_run(database_, "CREATE TABLE kept AS SELECT * FROM ledger.link");
  tamper(database_,
         "DELETE FROM ledger.link WHERE seq > 4; UPDATE ledger.shard SET seq = 4, head = (SELECT hash FROM ledger.link "
         "WHERE seq = 4) WHERE id = 7");
  EXPECT_THAT((*objection(connection, *checkpoints, file)).value_or(""),
              HasSubstr("the audit chain of shard 7 ends at link 4, and link 7 was signed at 2023-11-14"));
  tamper(database_,
         "DELETE FROM ledger.link; INSERT INTO ledger.link SELECT * FROM kept; UPDATE ledger.link SET hash = "
         "sha256('x') WHERE seq = 7");
  EXPECT_THAT((*objection(connection, *checkpoints, file)).value_or(""),
              HasSubstr("link 7 of shard 7 is not the one that was signed"));
  tamper(database_,
         "DELETE FROM ledger.link; INSERT INTO ledger.link SELECT * FROM kept; UPDATE ledger.deployment SET name = "
         "'\\x0000000000000000'");
  EXPECT_THAT((*objection(connection, *checkpoints, file)).value_or(""), HasSubstr("is of deployment"));
}

TEST(Checkpoints, AChangedOrMissingLineIsRefusedAndATornOneIsNamed) {
  const TempFolder folder;
  const auto key = folder.path() / "checkpoint.key", file = folder.path() / "checkpoints";
  ASSERT_TRUE(Signer::make(key));
  const auto signer = Signer::open(key);
  ASSERT_TRUE(signer);
  auto checkpoints = Checkpoints::read(file, signer->public_key());
  for (int n = 1; n <= 3; ++n)
    ASSERT_TRUE(checkpoints->append({"0123456789abcdef", n, {{7, n, std::string(64, 'a')}}}, *signer));
  const std::string whole = read_text(file);
  ASSERT_EQ(Checkpoints::read(file, signer->public_key())->all().size(), 3U);
  for (std::size_t at = 0; at < whole.size(); at += 41) {
    std::string changed = whole;
    changed[at] = changed[at] == '0' ? '1' : '0';
    write_text(file, changed);
    EXPECT_FALSE(Checkpoints::read(file, signer->public_key())) << at;
  }
  const auto end_of_first = whole.find('\n') + 1;
  write_text(file, whole.substr(0, end_of_first) + whole.substr(whole.find('\n', end_of_first) + 1));
  EXPECT_THAT(Checkpoints::read(file, signer->public_key()).error().text,
              HasSubstr(":2: it does not follow the line before"));
  write_text(file, whole.substr(0, whole.size() - 5));
  auto torn = Checkpoints::read(file, signer->public_key());
  ASSERT_TRUE(torn);
  EXPECT_TRUE(torn->torn());
  ASSERT_EQ(torn->all().size(), 2U);
  ASSERT_TRUE(torn->append({"0123456789abcdef", 3, {{7, 3, std::string(64, 'a')}}}, *signer));
  EXPECT_EQ(read_text(file), whole) << "Ed25519 is deterministic";
}

TEST_F(AuditTest, Inv29WhatDidNotEndIsNotOk) {
  std::atomic<int> asked = 0;
  const auto stopped = verdict_of(database_, "bursar_operator", {1, 200'000, {}, [&] { return ++asked > 3; }});
  EXPECT_FALSE(stopped.ok);
  EXPECT_FALSE(stopped.complete);
  EXPECT_TRUE(stopped.stopped);
  EXPECT_THAT(stopped.problem, HasSubstr("3 of "));
  ledger::Connection brief(ledger::with_options(acting_as(database_, "bursar_operator"), "-c statement_timeout=1"));
  const auto cancelled = ledger::audit::verify(brief);
  EXPECT_FALSE(cancelled && cancelled->ok) << "a statement that was cancelled";
}

}  // namespace
}  // namespace tests
