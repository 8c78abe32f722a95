// ledger/model/ledger.hpp: the ledger in memory, with the rules of the PostgreSQL one (schemas/sql): reference for
// tests, simulation and backtests. Calls have the shape of ledger/journal and ledger/jobs. No chain, no concurrency: a
// call is atomic because it is alone. Pure: no clock, no randomness, no throw.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ledger/model/queue.hpp"
#include "ledger/model/rows.hpp"

namespace ledger::model {

// An account to open.
struct AccountSpec {
  OwnerId owner;
  std::string path;  // one per owner
  AssetId asset;
  bool limited = false;
  machines::SleeveId fund{0};  // the sleeve whose money it holds; sleeves never pay each other
};

// An account's counters, and how many entries made them.
struct Balance {
  Counters counters;
  std::int64_t version = 0;
  bool operator==(const Balance&) const = default;
};

class Ledger {
 public:
  // REQUIRES (all three): no other asset, owner or path of that owner has the name; the owner and asset are known.
  void open_asset(const machines::Asset& asset);
  void open_owner(OwnerId owner, int shard);
  AccountId open_account(const AccountSpec& spec);

  // Each step all or nothing, in their order, with an outcome of its own; a refusal sinks no neighbour, and a step sees
  // what those before it did. A step that stands already with the same content is `committed` again, whatever became of
  // its lease. Births get their ids here. REQUIRES: all steps are of owners on `shard`; a step with postings or jobs
  // has a move.
  std::vector<machines::StepResult> commit(int shard, std::int64_t epoch, std::span<const machines::Step> steps);

  // A broker takes over all shards: one epoch for all, higher than any before. Earlier leases are dead from here.
  std::int64_t own_shards();
  // Pause and freeze: what was decided before is stale. Of one owner, or of all.
  void raise_control_epoch(OwnerId owner);
  void raise_control_epoch();
  // A freeze of everything comes, or goes: while it holds no step stands by which something leaves. Raises the epoch.
  void freeze(OwnerId owner, bool is_frozen);
  void freeze(bool is_frozen);

  // The ready queue: each does what the function of its name in queue.hpp does, on this ledger's rows.
  std::vector<machines::LeasedJob> claim(std::span<const int> shards, machines::Instant world_now, std::int64_t wall_us,
                                         int limit, const std::function<machines::Token()>& fresh_token) {
    return model::claim(rows_, shards, world_now, wall_us, limit, fresh_token);
  }
  [[nodiscard]] std::vector<machines::LeasedJob> leased(std::span<const int> shards) const {
    return model::leased(rows_, shards);
  }
  [[nodiscard]] Due due(std::span<const int> shards, machines::Instant world_at, std::int64_t wall_us) const {
    return model::due(rows_, shards, world_at, wall_us);
  }
  [[nodiscard]] machines::Instant next_unheld(std::span<const int> shards) const {
    return model::next_unheld(rows_, shards);
  }
  int give_back(std::span<const Failure> failures, std::int64_t wall_us) {
    return model::give_back(rows_, failures, wall_us);
  }
  bool submit_event(OwnerId owner, InstanceId instance, const std::string& event, machines::Instant world_at) {
    return model::submit_event(rows_, owner, instance, event, world_at);
  }

  // REQUIRES: the account exists.
  [[nodiscard]] Balance balance(AccountId account) const;
  // The first difference between history and rows, empty when there is none; the digest (verify.hpp).
  [[nodiscard]] std::string verify() const;
  [[nodiscard]] std::string digest() const;
  [[nodiscard]] const Rows& rows() const { return rows_; }

 private:
  machines::StepResult commit_one(int shard, std::int64_t epoch, const machines::Step& step);

  Rows rows_;
  AccountId next_account_{1};
  InstanceId next_instance_{1};
};

}  // namespace ledger::model
