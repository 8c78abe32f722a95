// tests/deploy/operations/treasury.hpp: a treasury that operations work on, on a real PostgreSQL without processes: one
// vault of USDT with the sleeves quiet and flash; nobody serves it.
#pragma once

#include <gmock/gmock.h>

#include <memory>

#include "deploy/house/ledger_place.hpp"
#include "tests/support/cluster.hpp"
#include "tests/workers/reconciliation/treasury_ground.hpp"

namespace tests {

class OperationsTest : public TreasuryTest {
 protected:
  void SetUp() override {
    TreasuryTest::SetUp();
    if (IsSkipped()) return;
    ground_ = std::make_unique<TreasuryGround>(5'000);
    ground_->add_sleeve("quiet", "quiet", 1'000, 0, 0);
    ground_->add_sleeve("flash", "flash", 1'000, 0, 0);
  }
  void TearDown() override {
    if (!ground_) return;
    ground_->connection.disconnect();
    drop_database(ground_->database);
  }
  [[nodiscard]] deploy::LedgerPlace place() const {
    deploy::LedgerPlace made;
    made.dsn = dsn(ground_->database);
    made.by_folder = false;
    made.house_may_run = false;
    return made;
  }

  std::unique_ptr<TreasuryGround> ground_;
};

}  // namespace tests
