// tests/ledger/look_ups_test.cpp: what a commit reads is what its steps name, whatever the plans were made on. Counted
// in rows that PostgreSQL read, never in time.
#include <fmt/format.h>

#include "ledger/journal/journal.hpp"
#include "tests/ledger/suite.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

constexpr int steps_in_a_call = 100;
constexpr std::int64_t others = 20'000;  // accounts that no step names

// A connection whose plans were made on a small ledger, and then a large ledger.
class LookUps : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    database_ = fresh_database();
    // Statistics come when the test says so: `analyzed` plans know that the tables are tiny, `never` plans guess.
    must_run(database_,
             "DO $$ DECLARE t text; BEGIN FOREACH t IN ARRAY ARRAY['account', 'instance', 'hold', 'job', 'transition', "
             "'posting', 'entry'] LOOP EXECUTE format('ALTER TABLE ledger.%I SET (autovacuum_enabled = off)', t); END "
             "LOOP; END $$; INSERT INTO ledger.asset VALUES (1, 'USDT', 8); INSERT INTO ledger.owner VALUES (1, 'one', "
             "7); INSERT INTO ledger.control (owner) VALUES (1)");
    open_accounts(1, 3);
    service_ = std::make_unique<ledger::Connection>(dsn(database_, "bursar_service"));
    const std::vector<Step> births(steps_in_a_call, birth({1}));
    if (GetParam() == "analyzed") must_run(database_, "ANALYZE");
    for (const StepResult& result : commit(births)) tills_.push_back(result.born.at(0));
    if (GetParam() == "analyzed") must_run(database_, "ANALYZE ledger.account, ledger.hold");
    for (const bool checked : {false, true}) {
      (void)call(2, PostingKind::single, checked);
      (void)call(2, PostingKind::hold, checked);
      (void)call(2, PostingKind::post, checked);
    }
    open_accounts(4, others);
  }
  void TearDown() override {
    service_.reset();
    if (!database_.empty()) drop_database(database_);
  }

  void open_accounts(std::int64_t from, std::int64_t to) {
    must_run(database_, fmt::format("INSERT INTO ledger.account (owner, id, asset, path, limited) SELECT 1, a, 1, 'a/' "
                                    "|| a, false FROM generate_series({}, {}) AS a",
                                    from, to));
  }

  std::vector<StepResult> commit(const std::vector<Step>& steps) {
    const auto results = ledger::journal::Journal(*service_).commit(ledger_shard, 0, steps);
    CHECK(results.has_value());
    return *results;
  }

  // One call: a leg of this kind for each of the first `count` tills, between accounts of its own where there are
  // enough; a post resolves the till's last hold. `checked`: a step that does not fit comes with them.
  int call(int count, PostingKind kind, bool checked) {
    std::vector<Step> steps;
    for (int at = 0; at < count; ++at) {
      const InstanceId till = tills_[static_cast<std::size_t>(at)];
      const bool wide = count > 2;
      const AccountId from{wide ? 10 + at : 1}, to{wide ? 10'000 + at : 2};
      Posting leg = kind == PostingKind::hold ? hold(from, to, 5) : pay(from, to, 5);
      if (kind == PostingKind::post) leg = post({till, versions_[till] + 1, 1}, from, to, 5);
      steps.push_back(with(next({1}, till, ++versions_[till]), {leg}));
    }
    if (checked) steps.push_back(next({1}, tills_[0], 1'000));
    int stood = 0;
    for (const StepResult& result : commit(steps)) stood += result == committed;
    return stood;
  }

  // Rows of the ledger's tables that PostgreSQL has read so far, by scans and through indexes.
  std::int64_t rows_read() {
    for (int look = 0; look < 2; ++look) CHECK(service_->run("SELECT pg_stat_force_next_flush()").has_value());
    return must_run(database_,
                    "SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE schemaname = 'ledger') + (SELECT "
                    "sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = 'ledger')")
        .number(0, 0);
  }
  std::int64_t work_of(PostingKind kind, bool checked) {
    const std::int64_t before = rows_read();
    EXPECT_EQ(call(steps_in_a_call, kind, checked), steps_in_a_call);
    return rows_read() - before;
  }

  std::string database_;
  std::unique_ptr<ledger::Connection> service_;
  std::vector<InstanceId> tills_;
  std::map<InstanceId, std::int64_t> versions_;  // before the next step
};
INSTANTIATE_TEST_SUITE_P(Plans, LookUps, testing::Values("analyzed", "never"), name_of_backend);

TEST_P(LookUps, AHundredHoldsOrPostsReadLittleMoreThanAHundredPayments) {
  const std::int64_t singles = work_of(PostingKind::single, false);
  EXPECT_LT(singles, 30 * steps_in_a_call) << "rows for each step";
  EXPECT_LT(work_of(PostingKind::hold, false), 3 * singles);
  EXPECT_LT(work_of(PostingKind::post, false), 3 * singles);
}

// A checked call looks at one step after the other; still, no step of a hundred reads all accounts.
TEST_P(LookUps, NoStepOfACheckedCallReadsAllAccounts) {
  constexpr std::int64_t few = 5 * others;
  EXPECT_LT(work_of(PostingKind::single, true), few);
  EXPECT_LT(work_of(PostingKind::hold, true), few);
  EXPECT_LT(work_of(PostingKind::post, true), few);
}

}  // namespace
}  // namespace tests
