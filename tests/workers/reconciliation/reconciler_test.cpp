// tests/workers/reconciliation/reconciler_test.cpp: on a real PostgreSQL: whatever others do on the account, the ledger
// with quarantine is the statement; a sale by hand is booked once for ever; a correction is a new posting; nothing but
// an explanation leads out of quarantine.
#include <gmock/gmock.h>

#include <atomic>
#include <random>
#include <thread>

#include "ledger/books/read_daily_books.hpp"
#include "ledger/journal/journal.hpp"
#include "tests/support/cluster.hpp"
#include "tests/workers/reconciliation/treasury_ground.hpp"

namespace tests {
namespace {

using machines::Int128;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class Reconciler : public TreasuryTest {};

constexpr auto usdt = TreasuryGround::usdt;
constexpr auto eth = TreasuryGround::eth;

TEST_F(Reconciler, WhatAgreesIsLeftAlone) {
  TreasuryGround ground(5'000);
  ground.add_sleeve("flash", "flash", 1'000, 400, 800);
  const auto made = ground.reconcile();
  EXPECT_TRUE(made.still);
  EXPECT_THAT(made.found, IsEmpty());
  EXPECT_THAT(made.booked, IsEmpty());
  EXPECT_THAT(ground.breaks(true), IsEmpty());
  ground.expect_sound();
}

TEST_F(Reconciler, APositionClosedByHandIsBookedAndSweepsItsProfit) {
  TreasuryGround ground(5'000);
  ground.add_sleeve("flash", "flash", 1'000, 400, 800);
  ground.sell_by_hand("V1", 400, 900, 1);
  const auto made = ground.reconcile();
  ASSERT_THAT(made.booked, SizeIs(1));
  EXPECT_TRUE(made.booked[0].closed);
  EXPECT_THAT(made.found, IsEmpty());
  EXPECT_EQ(ground.state_of("flash"), "closed watching");
  EXPECT_TRUE(ground.balance("sleeve/flash/USDT") == usdt(1'000)) << "flash keeps its allocation";
  EXPECT_TRUE(ground.balance("vault/USDT/tradeable") == usdt(99)) << "and returns its profit";
  EXPECT_TRUE(ground.balance("sleeve/flash/fees/USDT") == usdt(1));
  EXPECT_EQ(ground.one("SELECT count(*)::text FROM ledger.job j JOIN ledger.instance i ON i.owner = j.owner AND i.id = "
                       "j.instance WHERE i.state = 'closed'"),
            "0")
      << "nothing looks at a closed cycle any more";
  EXPECT_THAT(ground.reconcile().booked, IsEmpty());
  ground.expect_sound();
}

TEST_F(Reconciler, APartSoldByHandLeavesTheCycleHoldingWithOneTimer) {
  TreasuryGround ground(0);
  ground.add_sleeve("quiet", "quiet", 1'000, 400, 800);
  ground.sell_by_hand("V1", 100, 220, 0);
  ASSERT_THAT(ground.reconcile().booked, SizeIs(1));
  EXPECT_EQ(ground.state_of("quiet"), "holding");
  EXPECT_EQ(ground.one("SELECT count(*)::text FROM ledger.job"), "1");
  ground.sell_by_hand("V2", 300, 700, 0);
  ASSERT_THAT(ground.reconcile().booked, SizeIs(1));
  EXPECT_EQ(ground.state_of("quiet"), "closed watching");
  EXPECT_EQ(ground.one("SELECT data::json ->> 'realized' FROM ledger.instance WHERE state = 'closed' AND kind = "
                       "'sleeve_cycle'"),
            "1:" + machines::to_text(usdt(120)));
  ground.expect_sound();
}

TEST_F(Reconciler, ASaleThatTwoSleevesCouldHaveMadeIsForAPerson) {
  TreasuryGround ground(0);
  ground.add_sleeve("quiet", "quiet", 1'000, 400, 800);
  ground.add_sleeve("flash", "flash", 1'000, 400, 800);
  ground.sell_by_hand("V1", 400, 900, 0);
  const auto made = ground.reconcile();
  EXPECT_THAT(made.booked, IsEmpty());
  ASSERT_THAT(made.found, SizeIs(2));
  ground.expect_sound();
  EXPECT_THAT(ground.reconcile().found, IsEmpty()) << "found once";
  const auto open = ground.breaks();
  for (const auto& one : open) {
    EXPECT_EQ(one.data.person, "ben");
    EXPECT_GE(one.age_s, 0);
  }
  EXPECT_THAT(ground.explain(open[0].id.value, "trade"), HasSubstr("--sleeve is missing"));
  EXPECT_EQ(ground.explain(open[0].id.value, "trade", "flash"), "");
  EXPECT_EQ(ground.state_of("flash"), "closed watching");
  EXPECT_EQ(ground.state_of("quiet"), "holding");
  EXPECT_TRUE(ground.balance("quarantine/paper/USDT") == 0 && ground.balance("quarantine/paper/ETH") == 0);
  EXPECT_THAT(ground.reconcile().booked, IsEmpty()) << "the fill stays the break's";
  ground.expect_sound();
}

TEST_F(Reconciler, WhatTheVenueDoesNotKnowIsATradeAtTheStatementMarked) {
  TreasuryGround ground(0);
  ground.add_sleeve("flash", "flash", 1'000, 400, 800);
  ground.totals["ETH"] -= eth(400);
  ground.totals["USDT"] += usdt(850);
  ASSERT_THAT(ground.reconcile().found, SizeIs(2));
  EXPECT_EQ(ground.state_of("flash"), "holding");
  const auto open = ground.breaks();
  EXPECT_EQ(ground.explain(open[1].id.value, "trade", "flash"), "") << "from either side";
  EXPECT_EQ(ground.one("SELECT string_agg(code, ' ' ORDER BY leg) FROM ledger.posting WHERE code <> 'sweep' AND "
                       "(instance, version) IN (SELECT instance, version FROM ledger.posting WHERE code = "
                       "'marked_difference')"),
            "marked_difference marked_difference");
  EXPECT_EQ(ground.one("SELECT data::json ->> 'realized' FROM ledger.instance WHERE state = 'closed' AND kind = "
                       "'sleeve_cycle'"),
            "1:" + machines::to_text(usdt(50)));
  EXPECT_THAT(ground.explain(open[0].id.value, "trade", "flash"), HasSubstr("explained"));
  ground.expect_sound();
}

TEST_F(Reconciler, AWithdrawalBeyondTheReserveIsRefusedByName) {
  TreasuryGround ground(100);
  ground.add_sleeve("flash", "flash", 1'000, 0, 0);
  ground.totals["USDT"] -= usdt(300);
  ASSERT_THAT(ground.reconcile().found, SizeIs(1));
  const auto id = ground.breaks()[0].id.value;
  EXPECT_THAT(ground.explain(id, "withdrawal"), HasSubstr("outside Tradeable the vault USDT has 100.00000000 USDT"));
  EXPECT_THAT(ground.explain(id, "deposit"), HasSubstr("are missing"));
  EXPECT_EQ(ground.explain(id, "withdrawal", "", "100"), "");
  EXPECT_EQ(ground.breaks()[0].state, "open");
  EXPECT_EQ(ground.explain(id, "error", "flash"), "");
  EXPECT_EQ(ground.breaks()[0].state, "explained");
  EXPECT_TRUE(ground.balance("sleeve/flash/USDT") == usdt(800));
  EXPECT_EQ(ground.close(id), "");
  EXPECT_THAT(ground.close(id), HasSubstr("only one that is explained"));
  EXPECT_THAT(ground.breaks(), IsEmpty());
  ground.expect_sound();
}

TEST_F(Reconciler, CoinsThatNoVaultHoldsAreNamedAndDepositsOfThemRefused) {
  TreasuryGround ground(100);
  ground.add_sleeve("flash", "flash", 1'000, 0, 0);
  ground.totals["ETH"] += eth(5);
  ground.totals["DOGE"] = 7;
  const auto made = ground.reconcile();
  ASSERT_THAT(made.unknown, SizeIs(1));
  EXPECT_EQ(made.unknown[0].asset, "DOGE");
  ASSERT_THAT(made.found, SizeIs(1));
  EXPECT_THAT(ground.explain(made.found[0].value, "deposit"), HasSubstr("`bursar vault create ETH`"));
}

TEST_F(Reconciler, WhileAnOrderIsOnItsWayNothingIsDecided) {
  TreasuryGround ground(100);
  ground.add_sleeve("flash", "flash", 1'000, 0, 0);
  ground.totals["USDT"] -= usdt(50);
  // An order in flight, as far as the ledger knows.
  auto step = workers::reconciliation::ground_for(ground.connection, {1});
  machines::Move birth;
  birth.instance = machines::Subject::birth(1);
  birth.kind = "order";
  birth.to = "sent";
  birth.event = "draft";
  birth.command = "none";
  birth.sleeve = {1};
  birth.data = "{}";
  step->step.moves = {birth};
  const auto born = workers::reconciliation::commit_alone(ground.connection, *step);
  ASSERT_EQ(born->outcome, machines::Outcome::committed);
  const auto made = ground.reconcile();
  EXPECT_FALSE(made.still);
  EXPECT_THAT(ground.breaks(true), IsEmpty());
  birth.instance = machines::Subject::of(born->born[0]);
  birth.version = 1;
  birth.from = "sent";
  birth.to = "rejected";
  birth.event = "reject";
  birth.is_final = true;
  step->step.moves = {birth};
  ASSERT_EQ(workers::reconciliation::commit_alone(ground.connection, *step)->outcome, machines::Outcome::committed);
  EXPECT_THAT(ground.reconcile().found, SizeIs(1));
}

TEST_F(Reconciler, WhatIsInQuarantineIsNeitherTradedNorAllocated) {
  TreasuryGround ground(100);
  ground.add_sleeve("flash", "flash", 1'000, 0, 0);
  ground.totals["USDT"] += usdt(50);
  ASSERT_THAT(ground.reconcile().found, SizeIs(1));
  const auto view = ground.breaks()[0];
  for (const char* kind : {"order", "allocation", "sleeve_cycle"}) {
    auto step = workers::reconciliation::ground_for(ground.connection, {1});
    machines::Move birth;
    birth.instance = machines::Subject::birth(1);
    birth.kind = kind;
    birth.to = "settled";
    birth.event = "request";
    birth.command = "none";
    birth.is_final = true;
    birth.data = "{}";
    step->step.moves = {birth};
    const auto sleeve = ledger::books::read_sleeves(ground.connection)->begin()->second;
    for (const auto place : {sleeve.accounts.quote, sleeve.accounts.trading_quote, sleeve.accounts.tradeable}) {
      step->step.postings = {
          {machines::PostingKind::single, view.data.quarantine, place, machines::Amount({1}, 1), "buy_cost", {}}};
      const auto result = workers::reconciliation::commit_alone(ground.connection, *step);
      ASSERT_FALSE(result.has_value()) << kind;
      EXPECT_THAT(result.error().text, StartsWith("[BU014]"));
    }
  }
  EXPECT_TRUE(ground.balance("quarantine/paper/USDT") == usdt(50));
  ground.expect_sound();
}

TEST_F(Reconciler, Inv32ACorrectionNamesTheOriginalAndChangesNoRow) {
  TreasuryGround ground(100);
  ground.totals["USDT"] += usdt(50);
  ASSERT_THAT(ground.reconcile().found, SizeIs(1));
  const std::string rows =
      "SELECT md5(string_agg(x.t, '|' ORDER BY x.t)) FROM (SELECT (p.*)::text AS t FROM ledger.posting p WHERE code <> "
      "'correct_deposit' UNION ALL SELECT (t.*)::text FROM ledger.transition t WHERE kind <> 'break' OR version = 1) x";
  const std::string before = ground.one(rows);
  const auto id = ground.breaks()[0].id;
  ASSERT_EQ(ground.explain(id.value, "deposit"), "");
  EXPECT_EQ(ground.one(rows), before);
  const auto view = ground.breaks(true)[0];
  EXPECT_THAT(view.data.corrects, ElementsAre(machines::reconciliation::PostingKey{id, 1, 1}));
  EXPECT_EQ(
      ground.one("SELECT c.instance || ' ' || c.version || ' ' || (c.amount = o.amount)::text FROM ledger.posting "
                 "c JOIN ledger.posting o ON o.instance = c.instance AND o.version = 1 AND o.leg = 1 WHERE "
                 "c.code = 'correct_deposit'"),
      std::to_string(id.value) + " 2 true");
  EXPECT_TRUE(ground.balance("vault/USDT/reserve") == usdt(150));
  ground.expect_sound();
}

// Four who look at once, and their connections die under them all the time.
TEST_F(Reconciler, WhateverIsKilledOrRepeatedEachIsBookedOnce) {
  TreasuryGround ground(1'000);
  ground.add_sleeve("flash", "flash", 1'000, 400, 800);
  ground.sell_by_hand("V1", 100, 220, 0);
  ground.sell_by_hand("V2", 300, 700, 0);
  ground.totals["USDT"] += usdt(33);
  std::atomic<int> ended = 0;
  std::vector<std::thread> lookers;
  for (int i = 0; i < 4; ++i)
    lookers.emplace_back([&] {
      ledger::Connection own(dsn(ground.database));
      for (int done = 0; done < 3;) {
        const auto made = workers::reconciliation::reconcile(own, {{}, "ana", "ben", std::chrono::milliseconds(2'000)},
                                                             ground.asked());
        if (made && made->still) ++done;
      }
      ++ended;
    });
  const std::string kill =
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
      "pg_backend_pid()";
  for (int kills = 0; kills < 40 && ended < 4; ++kills) {
    (void)must_run(ground.database, kill);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  for (auto& one : lookers) one.join();
  ground.connection.disconnect();
  EXPECT_THAT(ground.reconcile().found, IsEmpty());
  EXPECT_EQ(ground.one("SELECT string_agg(fill, ' ' ORDER BY fill) FROM ledger.fill_claim"), "V1 V2");
  EXPECT_EQ(ground.one("SELECT string_agg(state || ' ' || split_part(data::json ->> 'amount', ':', 2), ', ' ORDER BY "
                       "id) FROM ledger.instance WHERE kind = 'break'"),
            "closed -" + machines::to_text(eth(100)) + ", closed -" + machines::to_text(eth(300)) + ", open " +
                machines::to_text(usdt(33)));
  EXPECT_EQ(ground.state_of("flash"), "closed watching");
  ground.expect_sound();
}

// INV31: any sequence of sales, deposits, withdrawals by hand and explanations. What nobody can know of is made up; it
// replays from the seed that a failure names.
class AnythingByHand {
 public:
  explicit AnythingByHand(unsigned seed) : random_(seed), ground_(1'000) {
    ground_.add_sleeve("flash", "flash", 1'000, 400, 800);
    ground_.add_sleeve("quiet", "quiet", 2'000, 700, 1'500);
  }
  ~AnythingByHand() {
    ground_.connection.disconnect();
    drop_database(ground_.database);
  }
  AnythingByHand(const AnythingByHand&) = delete;
  AnythingByHand& operator=(const AnythingByHand&) = delete;

  // How many explanations were taken.
  int run() {
    for (int round = 0; round < 7; ++round) {
      happen(round);
      const std::string earlier = earlier_rows();
      const std::string before = ground_.one(earlier);
      EXPECT_TRUE(ground_.reconcile().still);
      EXPECT_EQ(ground_.one(earlier), before) << "no row changes";
      check();
    }
    ground_.expect_sound();
    return explained_ + undone_;
  }

 private:
  int draw(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  template <class... Word>
  std::string one_of(Word... words) {
    const std::string all[] = {words...};
    return all[draw(sizeof...(words))];
  }

  void happen(int round) {
    const std::int64_t size = 1 + draw(400);
    const bool is_there = ground_.totals["ETH"] >= eth(size);
    switch (draw(6)) {
      case 0:
        if (is_there) ground_.sell_by_hand("V" + std::to_string(round), size, 2 * size, 1);
        break;
      case 1:
        if (!is_there) break;
        ground_.totals["ETH"] -= eth(size);
        ground_.totals["USDT"] += usdt(2 * size);
        break;
      case 2:
        ground_.totals[one_of("ETH", "USDT")] += eth(size) / machines::power_of_ten(7);
        break;
      case 3:
        ground_.totals["USDT"] -= usdt(size);
        break;
      default:
        for (const auto& one : ground_.breaks(draw(3) == 0)) {
          explained_ += ground_
                            .explain(one.id.value, one_of("deposit", "withdrawal", "trade", "fee", "error"),
                                     one_of("flash", "quiet"), one_of("", "", "0.05"))
                            .empty();
          if (draw(3) == 0) (void)ground_.close(one.id.value);
          if (draw(3) == 0) undone_ += ground_.undo(one.id.value).empty();
          ground_.expect_books_add_up();
        }
    }
  }

  std::string earlier_rows() {
    return "SELECT md5(string_agg((p.*)::text, '|' ORDER BY instance, version, leg)) FROM ledger.posting p WHERE "
           "(instance, version) IN (SELECT instance, version FROM ledger.transition ORDER BY wall_at, instance, "
           "version LIMIT " +
           ground_.one("SELECT count(*)::text FROM ledger.transition") + ")";
  }

  void check() {
    std::map<std::string, Int128> left;
    for (const auto& one : ground_.breaks()) {
      EXPECT_EQ(one.data.person, "ben");
      EXPECT_GE(one.age_s, 0);
      EXPECT_FALSE(one.wall_at.empty());
      left[one.asset.code] += one.data.rest.minor();
    }
    const auto wallet = ledger::books::Reconciliation(ground_.connection).wallet("paper", "main");
    ASSERT_TRUE(wallet.has_value());
    for (const auto& [asset, total] : ground_.totals)
      EXPECT_TRUE(wallet->line(asset)->ledger + left[asset] == total) << asset;
  }

  int explained_ = 0, undone_ = 0;
  std::mt19937 random_;
  TreasuryGround ground_;
};

TEST_F(Reconciler, Inv31TheLedgerWithOpenBreaksIsTheStatement) {
  std::random_device device;
  int explained = 0;
  for (int i = 0; i < 8; ++i) {
    const unsigned seed = device();
    SCOPED_TRACE("seed " + std::to_string(seed));
    explained += AnythingByHand(seed).run();
  }
  EXPECT_GT(explained, 0);
}

}  // namespace
}  // namespace tests
