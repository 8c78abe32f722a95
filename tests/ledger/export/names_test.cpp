// tests/ledger/export/names_test.cpp: names are legal for both tools, never collide, and can be read back.
#include "ledger/export/names.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <regex>

namespace ledger::exports {
namespace {

const std::regex legal_account("(Assets|Equity|Expenses)(:[A-Z0-9][A-Za-z0-9-]*){2,}");
const std::regex legal_commodity("[A-Z][A-Z0-9'._-]{0,22}[A-Z0-9]");

// Letters, digits and signs that names are made of, and any other byte but NUL, which PostgreSQL's text can't hold.
rc::Gen<std::string> any_text() {
  const auto byte = rc::gen::weightedOneOf<char>(
      {{5, rc::gen::elementOf(std::string("aAzZxX09-/:_ "))}, {1, rc::gen::nonZero<char>()}});
  return rc::gen::container<std::string>(byte);
}

Account account(const std::string& path, bool has_children = false) { return {"one", path, true, has_children}; }

TEST(AccountNames, ReadLikeTheirPaths) {
  EXPECT_EQ(account_name({"default", "vault/USDT/tradeable", true, false}), "Assets:Default:Vault:USDT:Tradeable");
  EXPECT_EQ(account_name({"default", "sleeve/flash/fees/USDT", true, false}),
            "Expenses:Default:Sleeve:Flash:Fees:USDT");
  EXPECT_EQ(account_name({"default", "suspense/ETH", false, false}), "Equity:Default:Suspense:ETH");
  EXPECT_EQ(account_name({"one", "eth-2024/1inch", true, false}), "Assets:One:Eth--2024:1inch");
}

TEST(AccountNames, WhatCannotBeRaisedIsMarked) {
  EXPECT_EQ(account_name(account("a/Vault/uSDT//-")), "Assets:One:X-xa:X-xVault:X-xuSDT:X-x:X-x--");
  EXPECT_EQ(account_name(account("caf\xc3\xa9:bar")), "Assets:One:Caf-c3-a9-3abar");
}

TEST(AccountNames, AParentStandsBesideItsChildren) {
  EXPECT_EQ(account_name(account("cash", true)), "Assets:One:Cash:X-own");
  EXPECT_EQ(account_name(account("cash/own")), "Assets:One:Cash:Own");
}

TEST(AccountNames, WhatNobodyNamedIsNoPlace) {
  for (const char* name : {"", "Assets", "Assets:One", "Income:One:Cash", "Assets:One:X-own",
                           "Assets:One:Cash:X-own:Usdt", "Assets:One:", "Assets:One:Cash-", "Assets:One:Cash-g0"})
    EXPECT_FALSE(place_of(name)) << name;
}

RC_GTEST_PROP(AccountNames, AreLegalAndCanBeReadBack, (bool limited, bool has_children)) {
  const Account any{*any_text(), *any_text(), limited, has_children};
  const std::string name = account_name(any);
  RC_ASSERT(std::regex_match(name, legal_account));
  const auto place = place_of(name);
  RC_ASSERT(place.has_value());
  RC_ASSERT(*place == (Place{any.owner, any.path}));
}

TEST(CommodityNames, StandWhereTheyAreLegal) {
  for (const char* code : {"USDT", "ETH", "A1", "BRK.B", "X-Y"}) EXPECT_EQ(commodity_name(code, {3}), code);
}

TEST(CommodityNames, CarryTheIdWhereTheyAreNot) {
  EXPECT_EQ(commodity_name("stETH", {3}), "STETH-X3");
  EXPECT_EQ(commodity_name("1INCH", {4}), "C1INCH-X4");
  EXPECT_EQ(commodity_name("", {5}), "C-X5");
  EXPECT_EQ(commodity_name("T", {6}), "T-X6");
  EXPECT_EQ(commodity_name("TRUE", {7}), "TRUE-X7");
  EXPECT_EQ(commodity_name("STETH-X3", {8}), "STETHX3-X8");
  EXPECT_EQ(commodity_name("\"; \n", {9}), "C-X9");
  EXPECT_EQ(commodity_name(std::string(40, 'A'), {2'147'483'647}), std::string(12, 'A') + "-X2147483647");
}

RC_GTEST_PROP(CommodityNames, AreLegalAndNeverCollide, ()) {
  const std::string one = *any_text();
  const std::string other = *any_text();
  RC_PRE(one != other);
  const std::string name = commodity_name(one, {*rc::gen::inRange(1, 2'000'000'000)});
  RC_ASSERT(std::regex_match(name, legal_commodity));
  RC_ASSERT(name != commodity_name(other, {2'000'000'001}));
  RC_ASSERT(commodity_name(name, {2'000'000'002}) == name || name != one);
}

TEST(PlainText, KeepsNothingThatATagOrStringCouldEndWith) {
  EXPECT_EQ(plain("open_hold.1"), "open_hold.1");
  EXPECT_EQ(plain("a, b:\"c\"\n%"), "a%2c%20b%3a%22c%22%0a%25");
}

}  // namespace
}  // namespace ledger::exports
