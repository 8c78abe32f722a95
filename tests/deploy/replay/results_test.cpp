// tests/deploy/replay/results_test.cpp: on a real PostgreSQL: the page's figures, which come from running balances bar
// by bar, and the report's, which come from postings day by day, are the same to the last unit, whatever was moved.
#include "deploy/replay/results.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <random>

#include "deploy/report/books.hpp"
#include "deploy/report/figures.hpp"
#include "ledger/books/read_daily_books.hpp"
#include "ledger/books/vaults.hpp"
#include "tests/support/cluster.hpp"
#include "tests/workers/reconciliation/treasury_ground.hpp"
#include "workers/harness/run_alone.hpp"

namespace tests {
namespace {

using machines::Int128;
using machines::allocation::Movement;

constexpr auto usdt = TreasuryGround::usdt;
constexpr int most_bars = 60;

// Any sequence of movements, sales by hand and bars.
class AnyMoves {
 public:
  explicit AnyMoves(unsigned seed) : random_(seed), ground_(3'000) {
    must_run(
        ground_.database,
        fmt::format("INSERT INTO ledger.bar SELECT 1, (floor(extract(epoch FROM clock_timestamp()) / 3600)::bigint "
                    "+ 2 + n) * 3600000000, p, p, p, p, true, n <> 7 FROM generate_series(0, {}) AS n CROSS JOIN "
                    "LATERAL (SELECT (200000000000 + 1000000000::bigint * ((n * {}) % 37)::bigint)::bigint AS p) AS x; "
                    "INSERT INTO "
                    "ledger.feed (instrument, file, sha256, import, played_to) VALUES (1, 'f', 's', '{{}}', 0)",
                    most_bars - 1, 1 + seed % 29));
    ground_.add_sleeve("flash", "flash", 1'000, 400, 800);
    ground_.add_sleeve("quiet", "quiet", 2'000, 700, 1'500);
  }
  ~AnyMoves() {
    ground_.connection.disconnect();
    drop_database(ground_.database);
  }
  AnyMoves(const AnyMoves&) = delete;
  AnyMoves& operator=(const AnyMoves&) = delete;

  void run() {
    for (int round = 0; round < 14; ++round) {
      happen(round);
      check();
    }
    ground_.expect_sound();
  }
  int moves() const { return moves_; }

 private:
  int draw(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  void move(Movement kind, std::int64_t sleeve, Int128 amount) {
    const auto vault = ledger::books::Vaults(ground_.connection).vaults()->front();
    machines::allocation::Data data;
    data.movement = kind;
    data.amount = machines::Amount({1}, amount);
    data.reserve = machines::Amount::zero({1});
    data.who = data.why = "test";
    data.external = vault.external_account;
    data.vault_reserve = vault.reserve_account;
    data.tradeable = vault.tradeable_account;
    const auto done = workers::harness::do_movement(ground_.connection, false, {1}, {sleeve}, data);
    ASSERT_TRUE(done.has_value()) << done.error().text;
    moves_ += done->settled;
  }

  void happen(int round) {
    const std::int64_t size = 1 + draw(300);
    const std::int64_t sleeve = 1 + draw(2);
    switch (draw(7)) {
      case 0:
        return move(Movement::elect, 0, usdt(size));
      case 1:
        return move(Movement::allocate_to_sleeve, sleeve, usdt(size));
      case 2:
        return move(Movement::reclaim, sleeve, usdt(size));
      case 3:
        if (ground_.totals["ETH"] < ground_.eth(size)) return;
        ground_.sell_by_hand("V" + std::to_string(round), size, 2 * size + draw(100), draw(3));
        (void)ground_.reconcile();
        for (const auto& one : ground_.breaks()) {
          (void)ground_.explain(one.id.value, draw(2) == 0 ? "trade" : "error", draw(2) == 0 ? "flash" : "quiet");
          if (draw(3) == 0) (void)ground_.undo(one.id.value);
        }
        return;
      case 4:
        if (late_++ == 0) ground_.add_sleeve("late", "flash", 500, 100, 210);
        return;
      default:
        must_run(ground_.database,
                 fmt::format("UPDATE ledger.feed SET played_to = least((SELECT max(opens_at) FROM ledger.bar), "
                             "greatest(played_to, (SELECT min(opens_at) FROM ledger.bar) - 3600000000) + {} * "
                             "3600000000)",
                             1 + draw(30)));
    }
  }

  void check() {
    auto feed = deploy::read_feed(ground_.connection);
    auto bars = ledger::market::read_bars(ground_.connection);
    ASSERT_TRUE(feed && bars);
    std::erase_if(*bars, [&](const auto& bar) { return bar.opens_at > feed->front().played_to; });
    if (bars->empty()) return;
    const auto data = deploy::read_results(ground_.connection, feed->front(), *bars, {});
    ASSERT_TRUE(data.has_value()) << data.error().text;
    const auto statement = ledger::books::read_statement(ground_.connection, machines::costs::Basis::average);
    ASSERT_TRUE(statement.has_value()) << statement.error().text;
    EXPECT_TRUE(statement->breaks.empty()) << statement->breaks.front().what;
    const auto figures = deploy::report::figures_of(*data);
    double all = 0;
    for (std::size_t i = 0; i < data->sleeves.size(); ++i) {
      const auto& sleeve = data->sleeves[i];
      const auto total = deploy::report::total_of(statement->sleeves.at(i).days);
      ASSERT_TRUE(total.result().has_value());
      EXPECT_EQ(machines::to_text(deploy::report::result_of(sleeve)), machines::to_text(*total.result()))
          << sleeve.name;
      EXPECT_EQ(machines::to_text(sleeve.fees), machines::to_text(total.fees)) << sleeve.name;
      EXPECT_NEAR(figures.sleeve_outcomes[i].gain(), deploy::report::units(*total.result(), 8), 1e-6) << sleeve.name;
      all += deploy::report::units(*total.result(), 8);
    }
    EXPECT_NEAR(figures.all.gain(), all, 1e-6);
  }

  std::mt19937 random_;
  TreasuryGround ground_;
  int moves_ = 0, late_ = 0;
};

TEST(Results, ThePageAndTheReportAgreeWhateverWasMoved) {
  if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
  std::random_device device;
  int moves = 0;
  for (int i = 0; i < 6; ++i) {
    const unsigned seed = device();
    SCOPED_TRACE("seed " + std::to_string(seed));
    AnyMoves any(seed);
    any.run();
    moves += any.moves();
  }
  EXPECT_GT(moves, 0);
}

}  // namespace
}  // namespace tests
