// tests/simulation/books.hpp: the books of a simulated house: the in-memory ledger, opened as a treasurer would open
// PostgreSQL's, and the facts that a worker reads from it (schemas/sql/functions/facts). No faults here.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "ledger/books/treasury.hpp"
#include "ledger/journal/journal.hpp"
#include "ledger/model/ledger.hpp"
#include "tests/simulation/market.hpp"

namespace tests::simulation {

struct VaultBooks {
  machines::OwnerId owner;
  machines::AccountId external, reserve, tradeable;
  machines::InstanceId instance;
  std::vector<machines::SleeveId> sleeves;
};

class Books {
 public:
  // Vaults and sleeves stand; each vault's money, then each sleeve's allocation, waits as a job before the first bar.
  explicit Books(const Market& market);

  // As of the job's world time; nothing where the instance does not exist.
  [[nodiscard]] std::optional<ledger::journal::Facts> facts(const machines::LeasedJob& job) const;

  // The owner's sleeves are paused by one person more, or less; who rested is told to go on at `world_at` by the last.
  void pause(machines::OwnerId owner);
  void lift(machines::OwnerId owner, machines::Instant world_at);
  // The same of freezes; owner 0: of all owners. The stronger one holds.
  void freeze(machines::OwnerId owner, machines::Frozen level);
  void thaw(machines::OwnerId owner, machines::Frozen level);
  [[nodiscard]] bool is_paused(machines::OwnerId owner) const;
  [[nodiscard]] machines::Frozen frozen(machines::OwnerId owner) const;

  [[nodiscard]] std::vector<machines::InstanceId> live_orders(machines::OwnerId owner) const;
  // Not final, of a machine that ends, and nothing will ever move it; in words, empty when all may go on.
  [[nodiscard]] std::string stranded() const;
  [[nodiscard]] machines::Int128 available(machines::AccountId account) const;

  ledger::model::Ledger ledger;
  ledger::books::Sleeves sleeves;
  std::vector<VaultBooks> vaults;
  std::vector<int> shards;
  machines::Int128 funded = 0;  // USDT in minor units, of all owners
  machines::Instant world_now;  // that was claimed for, at most

 private:
  void open_owner(const OwnerPlan& plan, const Market& market);
  void open_sleeve(VaultBooks& vault, const SleevePlan& plan, const Market& market);
  void order(const VaultBooks& vault, machines::SleeveId sleeve, machines::Int128 amount, machines::Instant at);
  machines::InstanceId commit(machines::Step step);
  void add_sleeve_facts(ledger::journal::Facts& facts, machines::OwnerId owner, machines::Instant world_at) const;
  void add_vault_facts(ledger::journal::Facts& facts, const VaultBooks& vault) const;
  [[nodiscard]] std::optional<machines::Price> close_at(machines::Instant opens_at) const;
  [[nodiscard]] std::optional<machines::Price> high(machines::Instant from, machines::Instant to) const;

  std::map<machines::Instant, workers::market::Bar> bars_;
  std::map<machines::SleeveId, machines::InstanceId> sleeve_instances_;
  std::map<machines::OwnerId, int> paused_;
  std::map<std::pair<machines::OwnerId, machines::Frozen>, int> frozen_;
  machines::Instant begins_at_;
};

}  // namespace tests::simulation
