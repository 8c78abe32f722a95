// tests/workers/reconciliation/treasury_ground.hpp: a treasury on a real PostgreSQL, without processes: one vault of
// USDT with sleeves that may hold a position, and what the venue would say of its account.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <string>

#include "workers/reconciliation/explain.hpp"
#include "workers/reconciliation/reconciler.hpp"

namespace tests {

// A test that builds such a ground: skipped, with the reason, where there can be no cluster.
class TreasuryTest : public testing::Test {
 protected:
  void SetUp() override;
};

class TreasuryGround {
 public:
  using Int128 = machines::Int128;
  // A fresh database with the vault: so much USDT outside Tradeable. REQUIRES: there can be a cluster here.
  explicit TreasuryGround(std::int64_t reserve);

  // A sleeve that was given so much USDT and has bought `base` thousandths of an ETH for `cost` of it, or nothing.
  void add_sleeve(const std::string& name, const std::string& kind, std::int64_t allocation, std::int64_t base,
                  std::int64_t cost);

  // What the venue says; the ledger does not know of changes made here.
  std::map<std::string, Int128> totals;
  std::vector<ledger::books::SeenFill> foreign;
  // Coins of others' trades: the venue knows the fill, and its totals change.
  void sell_by_hand(const std::string& id, std::int64_t base, std::int64_t quote, std::int64_t fee);

  workers::reconciliation::AskStatement asked();
  workers::reconciliation::Reconciled reconcile();
  static Int128 usdt(std::int64_t whole);
  static Int128 eth(std::int64_t thousandths);

  std::vector<ledger::books::BreakView> breaks(bool all = false);
  std::string explain(std::int64_t id, const std::string& as, const std::string& sleeve = "",
                      const std::string& amount = "");
  std::string undo(std::int64_t id);
  std::string close(std::int64_t id);
  Int128 balance(const std::string& path);
  std::string one(const std::string& sql);  // the first value
  std::string state_of(const std::string& sleeve);
  // Everything adds up, history included, and the ledger with quarantine is what the venue said.
  void expect_sound();
  // The report's own check, which must never differ from the verification's.
  void expect_books_add_up();
  // The statement's other side: ledger and quarantine of an asset.
  Int128 expected(const std::string& asset);

  std::string database;
  ledger::Connection connection;

 private:
  void start_position(std::int64_t sleeve, Int128 base, Int128 cost);
};

}  // namespace tests
