// ledger/journal/journal.hpp: facts in, steps out: what a worker reads before a decision and the one call that commits
// it. A commit is all or nothing per step; one refusal never sinks its neighbours. I/O: one round trip a call. Borrows
// its connection.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/store/connection.hpp"
#include "machines/core/job.hpp"
#include "machines/core/step.hpp"

namespace ledger::journal {

// What one decision may look at, read in one snapshot for a whole batch. Amounts are minor units; prices 10^-8.
struct Facts {
  std::string kind, state, data, frozen;  // frozen: no, entries+transfers, all
  int machine_version = 1;
  std::int64_t version = 0;
  bool is_final = false;
  machines::InstanceId parent{0};
  machines::SleeveId sleeve{0};
  std::int64_t control_epoch = 0;
  std::string parent_kind, parent_state, parent_data;  // empty without a parent
  std::int64_t parent_version = 0;
  int parent_machine_version = 1;
  machines::Int128 quote_available = 0, base_available = 0, tradeable_available = 0;
  // Sleeve cycles: sound closes exactly at the job's world time, one and four hours before; the highest close since the
  // entry.
  std::optional<machines::Price> close_now, close_1h, close_4h, high_since;
  bool sleeve_has_cycle = false;  // allocations: whether the sleeve's cycle lives already
  bool paused = false;            // the sleeve, its vault, its venue or its owner
  // The machine that stands for the sleeve.
  machines::InstanceId sleeve_instance{0};
  std::int64_t sleeve_version = 0;
  int sleeve_machine_version = 1;
  std::string sleeve_data;
  // Allocations: of the vault, not at risk; all its coins; and the data of the machine that stands for it.
  machines::Int128 reserve_available = 0, vault_total = 0;
  std::string vault_data;
  // Vaults: how much their pairs move (ppm a year), where there are enough closes; their sleeves and accounts as JSON.
  std::optional<std::int64_t> volatility_ppm;
  std::string vault_sleeves, vault_accounts;
  // Orders: the vault's account of the third asset that the venue may take fees in; 0 where there is none.
  machines::AccountId fee_payer{0};
  machines::Int128 fee_funds = 0;
  // Orders: the wall clock of PostgreSQL as they were read (microseconds since the epoch), for what outside calls carry
  // and for nothing that is booked; world time that has come; whether a pause of the kind or the instance is in force.
  std::int64_t wall_us = 0;
  machines::Instant world_now{0};
  bool halted = false;
};

class Journal {
 public:
  explicit Journal(Connection& connection) : connection_(connection) {}

  // One entry per job, nothing where the instance does not exist.
  Stored<std::vector<std::optional<Facts>>> facts(std::span<const machines::LeasedJob> jobs);
  // REQUIRES: all steps are of owners on `shard`; 1..1000 steps; births numbered 1..n within their step.
  // Results in the order of the steps. Errors: doubt (look the job's row up, never send again blindly), unavailable,
  // conflict, refused.
  Stored<std::vector<machines::StepResult>> commit(int shard, std::int64_t epoch,
                                                   std::span<const machines::Step> steps);

 private:
  Connection& connection_;
};

}  // namespace ledger::journal
