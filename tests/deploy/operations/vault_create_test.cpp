// tests/deploy/operations/vault_create_test.cpp: vaults and sleeves are opened without a terminal, on a real
// PostgreSQL.
#include "deploy/operations/vaults.hpp"
#include "tests/deploy/operations/treasury.hpp"

namespace tests {
namespace {

using deploy::operations::ErrorCode;
using testing::SizeIs;

namespace operations = deploy::operations;

class VaultCreate : public OperationsTest {};

TEST_F(VaultCreate, AVaultIsOpenedOnceAndItsSleevesByTheRulesThereAre) {
  operations::VaultArgs args;
  args.asset = "BTC";
  args.why = "a look";
  const auto made = operations::create_vault(place(), {"ann"}, args);
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_EQ(made->name, "BTC");
  EXPECT_EQ(ground_->one("SELECT count(*)::text FROM ledger.instance WHERE data::json->>'who' = 'ann'"), "1");
  const auto again = operations::create_vault(place(), {"ann"}, args);
  EXPECT_EQ(again.error().code, ErrorCode::exists);
  operations::VaultArgs third;
  third.name = "USDT";
  third.sleeve = "third";
  third.kind = "flash";
  third.pair = "ETH/USDT";
  third.why = "a look";
  const auto sleeve = operations::create_sleeve(place(), {"ann"}, third, {});
  ASSERT_TRUE(sleeve) << sleeve.error().text;
  EXPECT_THAT(sleeve->sleeves, SizeIs(3));
}

TEST_F(VaultCreate, WhatCantBeIsRefusedByCode) {
  const auto code = [&](const operations::VaultArgs& args) {
    const auto outcome = operations::create_vault(place(), {"ann"}, args);
    return outcome ? ErrorCode::failed : outcome.error().code;
  };
  operations::VaultArgs args;
  args.asset = "BTC";
  EXPECT_EQ(code(args), ErrorCode::usage) << "nobody says why";
  args.why = "a look";
  args.venue = "moon";
  EXPECT_EQ(code(args), ErrorCode::not_found);
  args.venue = "paper";
  args.least = "none";
  EXPECT_EQ(code(args), ErrorCode::usage);
  operations::VaultArgs sleeve;
  sleeve.name = "teapot";
  sleeve.sleeve = "third";
  sleeve.kind = "flash";
  sleeve.why = "a look";
  EXPECT_EQ(operations::create_sleeve(place(), {"ann"}, sleeve, {}).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace tests
