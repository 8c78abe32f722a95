// tests/deploy/bursar/setup_test.cpp: a treasury that is set up while things happen stands as a whole or is completed
// by the next try, never taken for whole without its first coins.
#include "deploy/bursar/setup.hpp"

#include <gmock/gmock.h>

#include "deploy/bursar/plan.hpp"
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
  [[nodiscard]] std::string coins() const {
    const auto rows = must_run(database_,
                               "SELECT coalesce(sum(credits_posted - debits_posted), 0)::text FROM ledger.account"
                               " WHERE path NOT LIKE 'external%'");
    return std::string(rows.text(0, 0));
  }

  TempFolder folder_;
  std::string database_;
  workers::market::PriceFile prices_;
};

TEST_F(SetUpTreasury, WhoDiesBeforeItsFirstCoinsIsCompletedByTheNextTry) {
  must_run(database_,
           "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$;"
           "CREATE TRIGGER not_now BEFORE INSERT ON ledger.posting FOR EACH ROW EXECUTE FUNCTION no()");
  EXPECT_FALSE(set_up());
  EXPECT_FALSE(is_found()) << "a treasury without its coins was taken for a whole one";
  must_run(database_, "DROP TRIGGER not_now ON ledger.posting");
  EXPECT_TRUE(set_up());
  EXPECT_TRUE(is_found());
  const std::string all = coins();
  EXPECT_NE(all, "0");
  EXPECT_TRUE(set_up());
  EXPECT_EQ(coins(), all) << "said again, it must not happen again";
}

}  // namespace
}  // namespace tests
