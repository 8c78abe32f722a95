// tests/deploy/operations/vaults_test.cpp: coins move, or are refused, as values, on a real PostgreSQL.
#include "deploy/operations/vaults.hpp"

#include "tests/deploy/operations/treasury.hpp"

namespace tests {
namespace {

using deploy::operations::ErrorCode;
using testing::HasSubstr;
using testing::SizeIs;

namespace operations = deploy::operations;

class Vaults : public OperationsTest {};

operations::VaultArgs to_sleeve(const std::string& sleeve, const std::string& amount) {
  operations::VaultArgs made;
  made.name = "USDT";
  made.sleeve = sleeve;
  made.amount = amount;
  made.why = "a look";
  return made;
}

TEST_F(Vaults, CoinsOfASleeveComeBackAndTheHistoryKnowsWhoAsked) {
  const auto before = operations::vault(place(), "default", "USDT");
  ASSERT_TRUE(before) << before.error().text;
  const auto moved = operations::reclaim(place(), {"ann"}, to_sleeve("flash", "100"));
  ASSERT_TRUE(moved) << moved.error().text;
  EXPECT_TRUE(moved->settled);
  EXPECT_FALSE(moved->refused);
  const auto after = operations::vault(place(), "default", "USDT");
  ASSERT_TRUE(after);
  EXPECT_EQ(after->unallocated.minor() - before->unallocated.minor(), TreasuryGround::usdt(100));
  EXPECT_EQ(
      ground_->one("SELECT data::json->>'who' FROM ledger.instance WHERE id = " + std::to_string(moved->machine.value)),
      "ann");
  EXPECT_THAT(*operations::vaults(place()), SizeIs(1));
}

TEST_F(Vaults, WhatTheLimitsForbidIsAValueWithTheLimit) {
  const auto moved = operations::reclaim(place(), {"ann"}, to_sleeve("flash", "100000"));
  ASSERT_TRUE(moved) << moved.error().text;
  EXPECT_FALSE(moved->settled);
  ASSERT_TRUE(moved->refused);
  EXPECT_EQ(moved->refused->code, ErrorCode::refused);
  EXPECT_THAT(moved->refused->advice, HasSubstr("flash has 1000 USDT free"));
}

TEST_F(Vaults, WhatCantBeMeantHasACodeAndMovesNothing) {
  const auto code = [&](const operations::VaultArgs& args) {
    const auto outcome = operations::allocate(place(), {"ann"}, args);
    return outcome ? ErrorCode::failed : outcome.error().code;
  };
  EXPECT_EQ(code(to_sleeve("teapot", "1")), ErrorCode::not_found);
  EXPECT_EQ(code(to_sleeve("flash", "much")), ErrorCode::usage);
  EXPECT_EQ(code(to_sleeve("flash", "0")), ErrorCode::usage);
  auto silent = to_sleeve("flash", "1");
  silent.why.clear();
  EXPECT_EQ(code(silent), ErrorCode::usage);
  EXPECT_EQ(operations::vault(place(), "default", "teapot").error().code, ErrorCode::not_found);
}

TEST_F(Vaults, TradeableCoinsThatAreSoAlreadyOrderNothing) {
  auto args = to_sleeve("", "");
  const auto vault = operations::vault(place(), "default", "USDT");
  args.amount = machines::format(vault->tradeable, vault->asset.scale);
  const auto moved = operations::set_tradeable(place(), {"ann"}, args);
  ASSERT_TRUE(moved) << moved.error().text;
  EXPECT_TRUE(moved->settled);
  EXPECT_EQ(moved->machine.value, 0);
}

}  // namespace
}  // namespace tests
