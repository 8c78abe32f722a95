// tests/deploy/operations/books_test.cpp: balances as values, on a real PostgreSQL.
#include "deploy/operations/books.hpp"

#include "tests/deploy/operations/treasury.hpp"

namespace tests {
namespace {

namespace operations = deploy::operations;

class Balances : public OperationsTest {};

TEST_F(Balances, AllOfAnAssetAddUpToNothing) {
  const auto all = operations::balances(place());
  ASSERT_TRUE(all) << all.error().text;
  ASSERT_FALSE(all->empty());
  machines::Int128 sum = 0, owned = 0;
  for (const auto& one : *all) {
    if (one.asset != "USDT") continue;
    sum += one.posted;
    if (one.posted > 0) owned += one.posted;
  }
  EXPECT_TRUE(sum == 0);
  EXPECT_TRUE(owned > 0);
}

TEST_F(Balances, ADatabaseWithoutALedgerHasACode) {
  deploy::LedgerPlace empty = place();
  const std::string database = empty_database();
  empty.dsn = dsn(database);
  EXPECT_EQ(operations::balances(empty).error().code, operations::ErrorCode::no_ledger);
  drop_database(database);
}

}  // namespace
}  // namespace tests
