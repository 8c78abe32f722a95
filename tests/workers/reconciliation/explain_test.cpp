// tests/workers/reconciliation/explain_test.cpp: on a real PostgreSQL: what a person says of a difference moves lots
// and account together, sleeve by sleeve, and can be taken back, also after it was closed; the books never part from
// the ledger.
#include "workers/reconciliation/explain.hpp"

#include <gmock/gmock.h>

#include "ledger/books/read_daily_books.hpp"
#include "tests/support/cluster.hpp"
#include "tests/workers/reconciliation/treasury_ground.hpp"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Breaks : public TreasuryTest {};

constexpr auto usdt = TreasuryGround::usdt;
constexpr auto eth = TreasuryGround::eth;

// Two sleeves with 0.4 ETH each, and 0.2 of it sold by hand for 500 USDT: two breaks, for either can have sold.
class SaleThatEitherMade : public TreasuryGround {
 public:
  SaleThatEitherMade() : TreasuryGround(0) {
    add_sleeve("quiet", "quiet", 1'000, 400, 800);
    add_sleeve("flash", "flash", 1'000, 400, 800);
    sell_by_hand("V1", 200, 500, 0);
    EXPECT_THAT(reconcile().found, SizeIs(2));
  }
};

TEST_F(Breaks, AFeeOrAnErrorInCoinsMovesLotsAndAccountTogetherAndCanBeTakenBack) {
  for (const char* as : {"fee", "error"})
    for (const int sign : {-1, 1}) {
      SCOPED_TRACE(std::string(as) + (sign < 0 ? ", coins went" : ", coins came"));
      TreasuryGround ground(0);
      ground.add_sleeve("quiet", "quiet", 1'000, 400, 800);
      ground.totals["ETH"] += sign * eth(10);
      ASSERT_THAT(ground.reconcile().found, SizeIs(1));
      const auto id = ground.breaks()[0].id.value;
      ASSERT_EQ(ground.explain(id, as, "quiet", "0.004"), "");
      ground.expect_sound();
      ASSERT_EQ(ground.explain(id, as, "quiet"), "");
      ground.expect_sound();
      EXPECT_EQ(ground.undo(id), "");
      EXPECT_EQ(ground.undo(id), "");
      EXPECT_THAT(ground.undo(id), HasSubstr("nothing explains"));
      EXPECT_TRUE(ground.balance("sleeve/quiet/ETH") == eth(400));
      EXPECT_TRUE(ground.balance("quarantine/paper/ETH") == sign * eth(10));
      ground.expect_sound();
      const auto books = ledger::books::read_statement(ground.connection, machines::costs::Basis::average);
      EXPECT_TRUE(books->sleeves[0].days.back().cost == usdt(800)) << "at the cost that it had";
      for (const auto& [asset, paid] : books->sleeves[0].days.back().paid) EXPECT_TRUE(paid == 0) << "a fee was paid";
      EXPECT_EQ(ground.explain(id, "error", "quiet"), "") << "and explained anew";
      ground.expect_sound();
    }
}

TEST_F(Breaks, AnExplanationOfAClosedBreakIsTakenBackAndTheBreakWaitsAgain) {
  TreasuryGround ground(1'000);
  ground.add_sleeve("quiet", "quiet", 1'000, 400, 800);
  ground.totals["USDT"] += usdt(70);
  ASSERT_THAT(ground.reconcile().found, SizeIs(1));
  const auto id = ground.breaks()[0].id.value;
  ASSERT_EQ(ground.explain(id, "deposit", "", "50"), "");
  ASSERT_EQ(ground.explain(id, "error", "quiet"), "");
  ASSERT_EQ(ground.close(id), "");
  EXPECT_THAT(ground.breaks(), IsEmpty());
  EXPECT_THAT(ground.explain(id, "deposit"), HasSubstr("is closed; `bursar reconcile undo` takes its last"));
  ASSERT_EQ(ground.undo(id), "");
  ASSERT_THAT(ground.breaks(), SizeIs(1));
  EXPECT_EQ(ground.breaks()[0].state, "open");
  EXPECT_TRUE(ground.breaks()[0].data.rest.minor() == usdt(20)) << "what the other one explained stays explained";
  EXPECT_TRUE(ground.balance("sleeve/quiet/USDT") == usdt(200));
  EXPECT_TRUE(ground.balance("quarantine/paper/USDT") == usdt(20));
  ground.expect_sound();
  ASSERT_EQ(ground.explain(id, "deposit"), "");
  ASSERT_EQ(ground.close(id), "");
  ground.expect_sound();
}

TEST_F(Breaks, ASaleWhoseSidesAreClosedIsTakenBackWithBoth) {
  SaleThatEitherMade ground;
  const auto open = ground.breaks();
  ASSERT_EQ(ground.explain(open[0].id.value, "trade", "quiet"), "");
  for (const auto& one : open) ASSERT_EQ(ground.close(one.id.value), "");
  ASSERT_EQ(ground.undo(open[1].id.value), "");
  ASSERT_THAT(ground.breaks(), SizeIs(2));
  EXPECT_TRUE(ground.balance("sleeve/quiet/ETH") == eth(400));
  ground.expect_sound();
  ASSERT_EQ(ground.explain(open[0].id.value, "trade", "flash"), "");
  ground.expect_sound();
}

// What the venue reports and one sleeve alone can have sold is no person's word.
TEST_F(Breaks, WhatTheHouseBookedByItselfIsNotUndone) {
  TreasuryGround ground(0);
  ground.add_sleeve("flash", "flash", 1'000, 400, 800);
  ground.sell_by_hand("V1", 100, 250, 0);
  ASSERT_THAT(ground.reconcile().booked, SizeIs(1));
  EXPECT_THAT(ground.undo(ground.breaks(true)[0].id.value), HasSubstr("a trade that the venue reports"));
}

TEST_F(Breaks, ASaleByHandOfTheCoinsOfTwoSleevesIsBookedSleeveBySleeve) {
  TreasuryGround ground(0);
  ground.add_sleeve("quiet", "quiet", 1'000, 400, 800);
  ground.add_sleeve("flash", "flash", 1'000, 300, 600);
  ground.sell_by_hand("V1", 700, 1'750, 0);
  ASSERT_THAT(ground.reconcile().found, SizeIs(2));
  const auto open = ground.breaks();
  const auto base = open[0].asset.code == "ETH" ? open[0].id.value : open[1].id.value;
  EXPECT_THAT(ground.explain(base, "trade", "quiet"), HasSubstr("quiet has 0.4"));
  ASSERT_EQ(ground.explain(base, "trade", "quiet", "0.4"), "");
  EXPECT_EQ(ground.state_of("quiet"), "closed watching");
  EXPECT_TRUE(ground.balance("sleeve/quiet/USDT") == usdt(1'200)) << "its share of the money";
  ground.expect_sound();
  ASSERT_EQ(ground.explain(base, "trade", "flash"), "");
  EXPECT_EQ(ground.state_of("flash"), "closed watching");
  EXPECT_TRUE(ground.balance("quarantine/paper/USDT") == 0 && ground.balance("quarantine/paper/ETH") == 0);
  EXPECT_TRUE(ground.balance("vault/USDT/tradeable") == usdt(150)) << "flash returns its profit";
  ground.expect_sound();
}

TEST_F(Breaks, WhatIsTooMuchOfASaleIsNamedByItsSide) {
  SaleThatEitherMade ground;
  const auto open = ground.breaks();
  const auto& base = open[0].asset.code == "ETH" ? open[0] : open[1];
  const auto said = [&](const std::string& amount, const std::string& other) {
    return *workers::reconciliation::explain_break(
        ground.connection, {base.id.value, "trade", "quiet", amount, "", "ana", "a test", other});
  };
  EXPECT_THAT(said("0.3", "500"), HasSubstr("only 0.200000000000000000 ETH of break"));
  EXPECT_THAT(said("0.1", "501"), HasSubstr("only 500.00000000 USDT of break"));
  ground.expect_sound();
}

TEST_F(Breaks, APartOfASaleIsTakenBackAndTheCycleUnlearnsIt) {
  SaleThatEitherMade ground;
  const auto id = ground.breaks()[0].id.value;
  const std::string cycle =
      "SELECT data FROM ledger.instance WHERE kind = 'sleeve_cycle' AND NOT is_final AND sleeve = 1";
  const std::string before = ground.one(cycle);
  ASSERT_EQ(ground.explain(id, "trade", "quiet"), "");
  ground.expect_sound();
  EXPECT_NE(ground.one(cycle), before);
  ASSERT_EQ(ground.undo(id), "");
  EXPECT_EQ(ground.one(cycle), before) << "as if nobody had said so";
  ground.expect_sound();
  ASSERT_EQ(ground.explain(id, "trade", "flash"), "");
  ground.expect_sound();
}

}  // namespace
}  // namespace tests
