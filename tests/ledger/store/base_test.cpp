// tests/ledger/store/base_test.cpp: an older base opens. base.sql.gz is a dump of a short house of the first base (ten
// migrations, set 1 of the functions): a vault, two sleeves, their cycles and orders, a venue's statement. write_base
// made it, and says how. A later migration or set does NOT write it anew: these tests then show that what was made
// before is brought up, verifies from its first row, and goes on.
#include <gmock/gmock.h>

#include <memory>

#include "deploy/cluster/install.hpp"
#include "deploy/cluster/process.hpp"
#include "ledger/audit/standing.hpp"
#include "ledger/audit/verify.hpp"
#include "ledger/books/vaults.hpp"
#include "ledger/store/migrations.hpp"
#include "tests/ledger/store/catalog.hpp"
#include "tests/support/cluster.hpp"
#include "workers/harness/run_alone.hpp"

namespace tests {
namespace {

using machines::Amount;

// What the house had when it was dumped.
constexpr int base_migration = 10, base_set = 1;
constexpr const char* base_digest = "d0bf569692d71c3a0b42f1a84e3b7d2993ca4da0bb6c9a0046fc5cfbd3bc2300";

// A database with the dump restored. Roles are the server's, not the dump's: a fresh database has made them.
std::string restored() {
  const std::string name = empty_database();
  deploy::ProcessSpec spec;
  spec.argv = {"/bin/sh",
               "-c",
               "gzip -dc \"$1\" | \"$2\" -X -q -1 -v ON_ERROR_STOP=1 -d \"$3\" >/dev/null",
               "sh",
               std::string(BURSAR_SOURCE_DIR) + "/tests/ledger/store/base.sql.gz",
               (*deploy::find_postgres() / "psql").string(),
               dsn(name)};
  const auto done = deploy::run_to_end(spec);
  EXPECT_TRUE(done && done->exit.code == 0) << (done ? done->output : done.error());
  return name;
}

class Base : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    today_ = fresh_database();
    database_ = restored();
    connection_ = std::make_unique<ledger::Connection>(dsn(database_));
  }
  // How many files and sets it took.
  int migrate() {
    const auto done = ledger::migrate(*connection_);
    EXPECT_TRUE(done) << done.error().text;
    return done.value_or(-1);
  }
  // `bursar ledger verify --full`, of the rows: the checkpoints stayed in the house's folder.
  void expect_sound() {
    ledger::audit::VerifyOptions options;
    options.is_house = true;
    const auto verdict = ledger::audit::verify(*connection_, options);
    ASSERT_TRUE(verdict) << verdict.error().text;
    EXPECT_TRUE(verdict->ok && verdict->complete) << verdict->pass << ": " << verdict->problem;
    EXPECT_EQ(ask("SELECT coalesce(sum(abs(credits_posted - debits_posted)), -1) FROM ledger.account WHERE path LIKE "
                  "'%suspense/%'"),
              "0");
  }
  std::string ask(const std::string& sql) const { return std::string(must_run(database_, sql).text(0, 0)); }
  std::string digest() { return ledger::audit::digest(*connection_).value_or("none"); }

  std::string today_, database_;
  std::unique_ptr<ledger::Connection> connection_;
};

TEST_F(Base, IsBroughtUpToWhatANewDatabaseIs) {
  EXPECT_EQ(ask("SELECT max(number) FROM ledger.migration"), std::to_string(base_migration));
  EXPECT_EQ(ask("SELECT max(number) FROM ledger.function_set"), std::to_string(base_set));
  const int newest_set = ledger::known_function_sets().back().number;
  const int missing = ledger::newest_migration() - base_migration + (newest_set > base_set ? 1 : 0);
  const auto before = ledger::schema_objection(*connection_);
  ASSERT_TRUE(before) << before.error().text;
  EXPECT_EQ(before->has_value(), missing > 0);
  EXPECT_EQ(migrate(), missing);
  EXPECT_EQ(catalog_of(database_), catalog_of(today_));
  EXPECT_EQ(migrate(), 0);
  const auto after = ledger::schema_objection(*connection_);
  EXPECT_TRUE(after && !*after);
}

TEST_F(Base, VerifiesFromItsFirstRowAndGoesOn) {
  const bool is_newer = migrate() > 0;
  const auto recorded = ledger::audit::record_standing(*connection_);
  ASSERT_TRUE(recorded) << recorded.error().text;
  EXPECT_EQ(*recorded, is_newer) << "what a dump restores is what the house had put on record";
  EXPECT_EQ(digest(), base_digest);
  expect_sound();

  const auto vaults = ledger::books::Vaults(*connection_).vaults();
  ASSERT_TRUE(vaults && vaults->size() == 1);
  const ledger::books::VaultView& vault = vaults->front();
  machines::allocation::Data more;
  more.movement = machines::allocation::Movement::fund;
  more.amount = more.reserve = Amount(vault.asset.id, 100'000'000);
  more.who = more.why = "test";
  more.external = vault.external_account;
  more.vault_reserve = vault.reserve_account;
  more.tradeable = vault.tradeable_account;
  const auto moved = workers::harness::do_movement(*connection_, false, vault.owner, {0}, more);
  ASSERT_TRUE(moved) << moved.error().text;
  EXPECT_TRUE(moved->settled) << moved->reason;
  EXPECT_EQ(ledger::books::Vaults(*connection_).vaults()->front().total.minor(), vault.total.minor() + 200'000'000);
  EXPECT_NE(digest(), base_digest);
  expect_sound();
}

}  // namespace
}  // namespace tests
