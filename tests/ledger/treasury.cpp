#include "tests/ledger/treasury.hpp"

#include <fmt/format.h>

#include "ledger/audit/verify.hpp"

namespace tests {

void Treasury::SetUp() {
  if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  database = fresh_database();
  const auto open = [&](const std::string& what) { return ask_number("SELECT ledger.open_" + what); };
  ASSERT_EQ(open("asset('USDT', 8)"), 1);
  ASSERT_EQ(open("asset('ETH', 18)"), 2);
  ASSERT_EQ(open("asset('BNB', 18)"), 3);
  ASSERT_EQ(open(fmt::format("owner('one', {})", ledger_shard)), 1);
  ASSERT_EQ(open("instrument('ETH/USDT', 2, 1, 100000000000000, 1000000000, 1000, 1000)"), 1);
  const std::string rule = R"('{"reserve":{"rule":"none"}}', 'ann', 'first', 1000)";
  ASSERT_EQ(open("vault(1, 'core', 'paper', 'main', 1, " + rule + ")"), 1);
  ASSERT_EQ(open("vault(1, 'second', 'paper', 'sub', 1, " + rule + ")"), 2);
  ASSERT_EQ(open("sleeve(1, 1, 'quiet', 'quiet', 1, '{}', 3, 'ann', 'first', 1000)"), 1);
  ASSERT_EQ(open("sleeve(1, 1, 'flash', 'flash', 1, '{}', NULL, 'ann', 'first', 1000)"), 2);
  ASSERT_EQ(open("sleeve(1, 2, 'quiet_too', 'quiet', 1, '{}', NULL, 'ann', 'first', 1000)"), 3);
  outside = account("venue/paper/USDT");
  quiet = account("sleeve/quiet/USDT");
  flash = account("sleeve/flash/USDT");
  quiet_too = account("sleeve/quiet_too/USDT");
  std::vector<Posting> gifts;
  for (const AccountId sleeve : {quiet, flash, quiet_too}) gifts.push_back(pay(outside, sleeve, 1'000, "gift"));
  ASSERT_EQ(commit({with(birth(owner), gifts)}).at(0).outcome, Outcome::committed);
}

void Treasury::TearDown() {
  if (database.empty()) return;
  EXPECT_EQ(problem(), "");
  drop_database(database);
}

std::string Treasury::ask(const std::string& sql) const {
  ledger::Connection connection(people());
  const auto rows = connection.run(sql);
  if (!rows) {
    ADD_FAILURE() << sql << ": " << rows.error().text;
    return "0";
  }
  return rows->empty() || rows->is_null(0, 0) ? "" : std::string(rows->text(0, 0));
}

std::string Treasury::problem() const {
  ledger::Connection connection(people());
  const auto verdict = ledger::audit::verify(connection);
  return verdict ? verdict->problem : verdict.error().text;
}

std::string Treasury::named_after(const std::string& sql) const {
  ledger::Connection insider(dsn(database));
  const auto answer = insider.run(
      "SET LOCAL session_replication_role = replica; DO $$ DECLARE c record; BEGIN FOR c IN SELECT conname, "
      "conrelid::regclass AS t FROM pg_constraint WHERE contype = 'c' AND connamespace = 'ledger'::regnamespace AND "
      "conrelid <> 0 LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname); END LOOP; END $$; " +
      sql + "; DO $$ BEGIN RAISE EXCEPTION 'verdict: %', coalesce(ledger.verify_openings(), 'nothing'); END $$");
  if (answer) return "it was not undone";
  const std::string& text = answer.error().text;
  const auto at = text.find("verdict: ");
  return at == std::string::npos ? "could not be done: " + text : text.substr(at + 9);
}

AccountId Treasury::account(const std::string& path) const {
  return {ask_number("SELECT id FROM ledger.account WHERE owner = 1 AND path = '" + path + "'")};
}

std::int64_t Treasury::control_epoch() const {
  return must_run(database, "SELECT sum(epoch) FROM ledger.control WHERE owner IN (0, 1)").number(0, 0);
}

std::int64_t Treasury::impose(const std::string& measure, const std::string& scope, const std::string& target,
                              const std::string& level) const {
  return ask_number(
      fmt::format("SELECT ledger.impose(1, '{}', '{}', '{}', '{}', 'ann', 'a drill')", measure, scope, target, level));
}

std::int64_t Treasury::lift(const std::string& measure, const std::string& scope, const std::string& target) const {
  return ask_number(
      fmt::format("SELECT ledger.lift(1, '{}', '{}', '{}', 'bob', 'drill over')", measure, scope, target));
}

std::vector<StepResult> Treasury::commit(std::vector<Step> steps) const {
  for (Step& step : steps) step.control_epoch = control_epoch();
  ledger::Connection connection(service());
  const auto results = ledger::journal::Journal(connection).commit(ledger_shard, 0, steps);
  if (results) return *results;
  ADD_FAILURE() << results.error().text;
  return std::vector<StepResult>(steps.size(), refused(Refusal::none));
}

}  // namespace tests
