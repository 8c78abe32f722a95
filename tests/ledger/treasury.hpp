// tests/ledger/treasury.hpp: Treasury, a database of a test's own with one owner, two vaults and three sleeves, opened
// by the functions that a house opens them by; and steps of its tills.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "ledger/journal/journal.hpp"
#include "tests/ledger/suite.hpp"
#include "tests/support/cluster.hpp"

namespace tests {

// Sleeves: quiet (1) and flash (2) of vault core (1), quiet_too (3) of vault second (2), all ETH/USDT; quiet's venue
// may take fees in BNB. Every sleeve has 1,000 units of quote.
class Treasury : public testing::Test {
 protected:
  void SetUp() override;
  // What a test has left stands up to the audit.
  void TearDown() override;

  [[nodiscard]] std::string service() const { return dsn(database, "bursar_service"); }
  [[nodiscard]] std::string people() const { return acting_as(database, "bursar_operator"); }
  // One value, as an operator reads it.
  [[nodiscard]] std::string ask(const std::string& sql) const;
  [[nodiscard]] std::int64_t ask_number(const std::string& sql) const { return std::stoll(ask(sql)); }
  // The first problem that the audit finds; empty when there is none.
  [[nodiscard]] std::string problem() const;
  // What ledger.verify_openings() says after `sql` was done behind every trigger and constraint, in a transaction that
  // is undone.
  [[nodiscard]] std::string named_after(const std::string& sql) const;
  [[nodiscard]] AccountId account(const std::string& path) const;
  [[nodiscard]] std::int64_t control_epoch() const;
  // impose, or lift: the control's instance, or 0.
  [[nodiscard]] std::int64_t impose(const std::string& measure, const std::string& scope, const std::string& target,
                                    const std::string& level = "") const;
  [[nodiscard]] std::int64_t lift(const std::string& measure, const std::string& scope,
                                  const std::string& target) const;
  // At the present epochs.
  std::vector<StepResult> commit(std::vector<Step> steps) const;
  [[nodiscard]] InstanceId new_till() const { return commit({birth(owner)}).at(0).born.at(0); }

  std::string database;
  OwnerId owner{1};
  AccountId outside, quiet, flash, quiet_too;  // the sleeves' quote accounts
};

}  // namespace tests
