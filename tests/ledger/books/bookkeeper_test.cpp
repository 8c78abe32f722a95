// tests/ledger/books/bookkeeper_test.cpp: a small ledger by hand: every kind of movement on its day, fees in any asset,
// and each way in which the two roads can part, named.
#include "ledger/books/bookkeeper.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace ledger::books {
namespace {

using machines::costs::Basis;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr machines::AssetId usd{1}, eth{2}, bnb{3};
constexpr machines::OwnerId owner{7};

// Accounts by number: 1 outside, 2 reserve, 3 tradeable, 4 a vault of BNB, 5 suspense; of the flash sleeve 10 quote,
// 11 base, 12 and 13 trading quote and base, 14, 15 and 16 its fees in quote, base and BNB.
Registry registry() {
  Registry made;
  made.assets = {{usd, "USD", 2}, {eth, "ETH", 4}, {bnb, "BNB", 3}};
  const auto account = [&](std::int64_t id, machines::AssetId asset, const char* path) {
    made.accounts.push_back({owner, {id}, path, asset, 0});
  };
  account(1, usd, "venue/paper/USD");
  account(2, usd, "vault/USD/reserve");
  account(3, usd, "vault/USD/tradeable");
  account(4, bnb, "vault/BNB/tradeable");
  account(5, usd, "suspense/USD");
  account(10, usd, "sleeve/flash/USD");
  account(11, eth, "sleeve/flash/ETH");
  account(12, usd, "sleeve/flash/trading/USD");
  account(13, eth, "sleeve/flash/trading/ETH");
  account(14, usd, "sleeve/flash/fees/USD");
  account(15, eth, "sleeve/flash/fees/ETH");
  account(16, bnb, "sleeve/flash/fees/BNB");
  made.vaults = {{owner, 1, "me", "USD", made.assets[0], {2}, {3}}};
  SleeveRow sleeve;
  sleeve.owner = owner;
  sleeve.id = {1};
  sleeve.vault = 1;
  sleeve.owner_name = "me";
  sleeve.name = "flash";
  sleeve.symbol = "ETH/USD";
  sleeve.kind = machines::SleeveKind::flash;
  sleeve.instrument = {1};
  sleeve.base = made.assets[1];
  sleeve.quote = made.assets[0];
  sleeve.base_account = {11};
  sleeve.quote_account = {10};
  made.sleeves = {sleeve};
  return made;
}

struct Leg {
  const char* code;
  std::int64_t debit, credit;
  Int128 amount;
};

// A ledger that is written as the real one writes: each posting with the lines of its two accounts.
class BookkeeperTest : public testing::Test {
 protected:
  void step(Day day, std::vector<Leg> legs) {
    ++instance_;
    for (const Leg& leg : legs) {
      const machines::Instant at = machines::start_of(day) + machines::hours(instance_);
      movements_.push_back({at, owner, {instance_}, 1, leg.code, {leg.debit}, {leg.credit}, leg.amount});
      line(leg.debit, at, -leg.amount);
      line(leg.credit, at, leg.amount);
    }
  }
  void line(std::int64_t account, machines::Instant at, Int128 change) {
    lines_.push_back({owner, {account}, ++versions_[account], at, balances_[account] += change, change});
  }

  // Funds 1,000.00 (of it 100.00 reserve), allocates 500.00, and buys 2 ETH for 200.00 on day 1.
  void open() {
    step(0, {{"fund", 1, 2, 10'000}, {"fund", 1, 3, 90'000}});
    step(0, {{"allocate", 3, 10, 50'000}});
    step(1, {{"buy_cost", 10, 12, 20'000}, {"buy_base", 13, 11, 20'000}, {"fee", 10, 14, 100}});
  }

  DailyBooks statement(Basis basis = Basis::average) {
    Registry who = registry();
    for (AccountRow& row : who.accounts) row.posted = balances_[row.id.value];
    Bookkeeper keeper(basis, std::move(who));
    for (const Movement& one : movements_) keeper.add(one);
    for (const Line& one : lines_) keeper.add(one);
    keeper.mark({1}, 1, {12'000'000'000});
    return keeper.finish();
  }
  static const SleeveDay& day(const DailyBooks& made, Day day) {
    for (const SleeveDay& one : made.sleeves.at(0).days)
      if (one.day == day) return one;
    ADD_FAILURE() << "no day " << day;
    return made.sleeves.at(0).days.at(0);
  }
  static std::vector<std::string> breaks(const DailyBooks& made) {
    std::vector<std::string> said;
    for (const Break& one : made.breaks) said.push_back(std::to_string(one.day) + " " + one.sleeve + " " + one.what);
    return said;
  }

  std::vector<Movement> movements_;
  std::vector<Line> lines_;
  std::map<std::int64_t, Int128> balances_;
  std::map<std::int64_t, std::int64_t> versions_;
  std::int64_t instance_ = 0;
};

TEST_F(BookkeeperTest, EachMovementStandsOnItsDayAndEveryDayAddsUp) {
  open();
  step(3, {{"sell_base", 11, 13, 20'000}, {"sell_proceeds", 12, 10, 26'000}, {"fee", 10, 14, 130}});
  step(3, {{"sweep", 10, 3, 5'770}, {"reclaim", 10, 3, 1'000}});
  const DailyBooks made = statement();
  EXPECT_THAT(breaks(made), IsEmpty());
  ASSERT_EQ(made.sleeves.at(0).days.size(), 4U) << "a day without a movement is a day too";
  const SleeveDay& bought = day(made, 1);
  EXPECT_EQ(bought.opening, 50'000);
  EXPECT_EQ(bought.balance, 29'900);
  EXPECT_EQ(bought.cost, 20'000);
  EXPECT_EQ(bought.fees, 100);
  EXPECT_EQ(bought.closed_fees, 0) << "nothing is sold yet";
  EXPECT_EQ(bought.unrealised, Int128{4'000}) << "2 ETH at 120.00";
  EXPECT_EQ(day(made, 2).unrealised, Int128{4'000}) << "the last close stands";
  const SleeveDay& sold = day(made, 3);
  EXPECT_EQ(sold.realised, 6'000);
  EXPECT_EQ(sold.closed_fees, 230);
  EXPECT_EQ(sold.returned, 5'770);
  EXPECT_EQ(sold.reclaimed, 1'000);
  EXPECT_EQ(sold.worth(), 49'000);
  EXPECT_EQ(sold.fills, 1);
  EXPECT_THAT(sold.paid, ElementsAre(Pair(usd, Int128{130})));
  const VaultDay& vault = made.vaults.at(0).days.at(1);
  EXPECT_EQ(vault.total, 10'000 + 40'000 + 29'900);
  EXPECT_EQ(vault.tradeable, 40'000 + 29'900);
  EXPECT_EQ(vault.held, 20'000);
}

TEST_F(BookkeeperTest, WhereNothingIsHeldNoPriceIsNeeded) {
  open();
  const DailyBooks made = statement();
  EXPECT_EQ(day(made, 0).result(), Int128{0}) << "before the first close";
  EXPECT_EQ(day(made, 1).result(), Int128{4'000 - 100});
}

TEST_F(BookkeeperTest, AFeeInBaseComesOutOfTheCoinsAndInAThirdAssetOutOfAnotherVault) {
  open();
  step(2, {{"buy_cost", 10, 12, 10'000}, {"buy_base", 13, 11, 10'000}, {"fee", 11, 15, 100}});
  step(2, {{"sell_base", 11, 13, 10'000}, {"sell_proceeds", 12, 10, 12'000}, {"fee", 4, 16, 7}});
  for (const Basis basis : {Basis::average, Basis::fifo}) {
    const DailyBooks made = statement(basis);
    EXPECT_THAT(breaks(made), IsEmpty());
    const SleeveDay& both = day(made, 2);
    EXPECT_EQ(both.base, 19'900);
    EXPECT_EQ(both.fees, 100) << "what the coins had cost: 0.01 ETH at 100.00";
    EXPECT_THAT(both.paid, ElementsAre(Pair(eth, Int128{100}), Pair(bnb, Int128{7})));
  }
}

TEST_F(BookkeeperTest, WhatSuspensePaidIsPartOfTheCostAndNotOfTheBalance) {
  open();
  step(2,
       {{"buy_cost", 10, 12, 29'900}, {"suspense", 5, 12, 300}, {"buy_base", 13, 11, 10'000}, {"suspense", 5, 14, 40}});
  const DailyBooks made = statement();
  EXPECT_THAT(breaks(made), IsEmpty());
  EXPECT_EQ(day(made, 2).suspense, 340);
  EXPECT_EQ(day(made, 2).cost, 50'200);
  EXPECT_EQ(day(made, 2).balance, 0);
}

TEST_F(BookkeeperTest, AMovementUnderAnotherCodeIsCounted) {
  open();
  step(2, {{"gift", 3, 10, 11}});
  const DailyBooks made = statement();
  EXPECT_THAT(breaks(made), IsEmpty());
  EXPECT_EQ(day(made, 2).other, 11);
}

// One unit in the middle of a day: the day's two ends still fit, its lines don't.
TEST_F(BookkeeperTest, ATamperedLineIsNamedWithItsDayAndSleeve) {
  open();
  for (Line& one : lines_)
    if (one.account.value == 10 && one.version == 2) one.balance += 1;
  const DailyBooks made = statement();
  EXPECT_THAT(breaks(made),
              ElementsAre("1 flash account sleeve/flash/USD: its line 2 changes the balance by -199.99 USD and its "
                          "posting by -200.00 USD"));
}

TEST_F(BookkeeperTest, APostingWithoutItsLineOrWithAnotherAmountIsNamed) {
  open();
  movements_.at(2).amount += 1;
  const auto said = breaks(statement());
  ASSERT_FALSE(said.empty());
  EXPECT_THAT(said, testing::Contains("0 flash account sleeve/flash/USD: opens with 0.00 USD, its postings move 500.01 "
                                      "USD, and it closes with 500.00 USD"));
  EXPECT_THAT(said, testing::Contains(HasSubstr("0 flash it opens with 0.00 USD")));
}

TEST_F(BookkeeperTest, AMissingLineAndAnotherBalanceOfTheAccountAreNamed) {
  open();
  lines_.erase(lines_.begin() + 5);  // line 1 of the sleeve's quote account
  balances_[14] += 1;
  const auto said = breaks(statement());
  EXPECT_THAT(said, testing::Contains("1 flash account sleeve/flash/USD: has line 2 after line 0"));
  EXPECT_THAT(said, testing::Contains("1 flash account sleeve/flash/fees/USD: ends with 1.00 USD and has 1.01 USD"));
}

TEST_F(BookkeeperTest, CoinsThatNobodyBoughtAreNamed) {
  open();
  step(2, {{"sell_base", 11, 13, 20'001}, {"sell_proceeds", 12, 10, 100}});
  EXPECT_THAT(breaks(statement()), ElementsAre("2 flash its fills can't be booked: oversold"));
}

// Buys, sells and sweeps on any days; then one line or one posting of the sleeve's is changed by any amount.
RC_GTEST_FIXTURE_PROP(BookkeeperTest, AnyChangedRowIsNamedAndNothingElseIs, ()) {
  open();
  const int rounds = *rc::gen::inRange(1, 12);
  Day on = 1;
  for (int i = 0; i < rounds; ++i) {
    on += *rc::gen::inRange(0, 3);
    const Int128 coins = *rc::gen::inRange(1, 5'000);
    const Int128 money = *rc::gen::inRange(1, 900);
    if (*rc::gen::arbitrary<bool>())
      step(on, {{"buy_cost", 10, 12, money}, {"buy_base", 13, 11, coins}, {"fee", 10, 14, 1}});
    else if (balances_[11] >= coins)
      step(on, {{"sell_base", 11, 13, coins}, {"sell_proceeds", 12, 10, money}, {"sweep", 10, 3, 1}});
  }
  for (const Basis basis : {Basis::average, Basis::fifo}) RC_ASSERT(statement(basis).breaks.empty());
  const Int128 by = *rc::gen::inRange(1, 1'000);
  Day changed = 0;
  if (*rc::gen::arbitrary<bool>()) {
    Line& line = lines_.at(*rc::gen::inRange<std::size_t>(0, lines_.size()));
    line.balance += by;
    changed = machines::day_of(line.at);
  } else {
    Movement& movement = movements_.at(*rc::gen::inRange<std::size_t>(0, movements_.size()));
    movement.amount += by;
    changed = machines::day_of(movement.at);
  }
  const DailyBooks made = statement();
  RC_ASSERT(!made.breaks.empty());
  RC_ASSERT(made.breaks.front().day == changed);
}

TEST_F(BookkeeperTest, AnEmptyLedgerHasNoDays) {
  Bookkeeper keeper(Basis::average, registry());
  const DailyBooks made = keeper.finish();
  EXPECT_THAT(breaks(made), IsEmpty());
  EXPECT_EQ(made.range(), std::nullopt);
}

}  // namespace
}  // namespace ledger::books
