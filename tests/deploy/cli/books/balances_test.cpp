// tests/deploy/cli/books/balances_test.cpp: `bursar ledger balances` of a house with a finished replay.
#include "deploy/cli/books/balances.hpp"

#include <gmock/gmock.h>

#include <map>

#include "machines/core/amount.hpp"
#include "tests/deploy/bursar/finished.hpp"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

using Balances = OnFinishedHouse;

TEST_F(Balances, BalancesSumToZeroInEveryAsset) {
  EXPECT_THAT(look({"ledger", "balances"}).out, HasSubstr("sleeve/quiet/USDT"));
  const json balances = look({"ledger", "balances", "--json"}).last_line();
  ASSERT_GT(balances.size(), 10U);
  std::map<std::string, machines::Int128> sums;
  for (const json& one : balances) {
    const std::string balance = one["balance"];
    const int scale = one["asset"] == "USDT" ? 8 : 18;
    const auto amount = machines::parse_decimal(balance, scale);
    ASSERT_TRUE(amount) << balance;
    sums[one["asset"]] += *amount;
  }
  EXPECT_EQ(sums.size(), 2U);
  for (const auto& [asset, sum] : sums) EXPECT_TRUE(sum == 0) << asset;
}

}  // namespace
}  // namespace tests
