// tests/deploy/replay/opening_test.cpp: a treasury that is set up while things happen stands as a whole or is completed
// by the next try, never taken for whole without its first coins.
#include "deploy/replay/opening.hpp"

#include <gmock/gmock.h>

#include "deploy/replay/treasury_plan.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"
#include "workers/market/generator.hpp"
#include "workers/market/reader.hpp"

namespace tests {
namespace {

class SetUpTreasury : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    database_ = fresh_database();
    const auto file = folder_.path() / "sample.csv";
    workers::market::SampleParams params;
    params.bars = 10;
    ASSERT_TRUE(workers::market::write_sample(file.string(), params));
    auto read = workers::market::read_prices(file.string());
    ASSERT_TRUE(read);
    prices_ = std::move(*read);
  }

  ledger::Stored<bool> set_up() {
    ledger::Connection connection(dsn(database_));
    return deploy::set_up(connection, deploy::treasury_of({}, prices_), prices_, "sample.csv");
  }
  [[nodiscard]] bool is_found() const {
    ledger::Connection connection(dsn(database_));
    const auto feed = deploy::read_feed(connection);
    return feed && !feed->empty();
  }
  // The vault's funding and each sleeve's first allocation.
  [[nodiscard]] std::int64_t allocations() const {
    return must_run(database_, "SELECT count(*) FROM ledger.instance WHERE kind = 'allocation'").number(0, 0);
  }

  TempFolder folder_;
  std::string database_;
  workers::market::PriceFile prices_;
};

TEST_F(SetUpTreasury, WhoDiesBeforeItsFirstCoinsIsCompletedByTheNextTry) {
  must_run(database_,
           "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$;"
           "CREATE TRIGGER not_now BEFORE INSERT ON ledger.instance FOR EACH ROW WHEN (NEW.kind = 'allocation') "
           "EXECUTE FUNCTION no()");
  EXPECT_FALSE(set_up());
  EXPECT_FALSE(is_found()) << "a treasury without its coins was taken for a whole one";
  must_run(database_, "DROP TRIGGER not_now ON ledger.instance");
  EXPECT_TRUE(set_up());
  EXPECT_TRUE(is_found());
  const auto all = allocations();
  EXPECT_GT(all, 1);
  EXPECT_TRUE(set_up());
  EXPECT_EQ(allocations(), all) << "said again, it must not happen again";
}

}  // namespace
}  // namespace tests
