// tests/ledger/backend.hpp: Backend, a ledger that the conformance suite runs on: the model in memory, or PostgreSQL.
// Every owner lives on one shard, so any steps make one call.
#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "ledger/model/ledger.hpp"

namespace tests {

using ledger::model::AccountSpec;
using ledger::model::Balance;
using ledger::model::Counters;
using ledger::model::Due;
using ledger::model::Failure;

inline constexpr int ledger_shard = 7;
inline constexpr machines::AssetId usdt{1};
inline constexpr machines::AssetId eth{2};

struct InstanceRow {
  std::string state;
  std::int64_t version = 0;
  bool is_final = false;
  bool operator==(const InstanceRow&) const = default;
};

struct JobRow {
  machines::JobKey key;
  std::string command;
  bool is_event = false;
  machines::Instant world_at;
  bool is_leased = false;
  bool operator==(const JobRow&) const = default;
};

class Backend {
 public:
  virtual ~Backend() = default;
  // A new one, on ledger_shard.
  virtual machines::OwnerId open_owner() = 0;
  virtual machines::AccountId open_account(const AccountSpec& spec) = 0;
  virtual std::vector<machines::StepResult> commit(std::int64_t epoch, std::span<const machines::Step> steps) = 0;
  virtual std::int64_t own_shards() = 0;
  virtual void raise_control_epoch(machines::OwnerId owner) = 0;     // owner 0: of all
  virtual void freeze(machines::OwnerId owner, bool is_frozen) = 0;  // of everything; owner 0: of all

  virtual std::vector<machines::LeasedJob> claim(machines::Instant world_now, int limit) = 0;
  virtual std::vector<machines::LeasedJob> leased() = 0;
  virtual int give_back(std::span<const Failure> failures) = 0;
  virtual Due due(machines::Instant world_at) = 0;
  virtual machines::Instant next_unheld() = 0;
  virtual bool submit_event(machines::OwnerId owner, machines::InstanceId instance, const std::string& event,
                            machines::Instant world_at) = 0;

  virtual Balance balance(machines::OwnerId owner, machines::AccountId account) = 0;
  // The counters after each entry, by version, which rise from 1 without a gap (checked here).
  virtual std::vector<Counters> entries(machines::OwnerId owner, machines::AccountId account) = 0;
  virtual std::optional<InstanceRow> instance(machines::OwnerId owner, machines::InstanceId id) = 0;
  virtual std::vector<JobRow> jobs(machines::OwnerId owner) = 0;           // by key
  virtual std::vector<std::string> refusals(machines::OwnerId owner) = 0;  // reasons, sorted
  virtual std::string verify() = 0;                                        // empty: all is well
  virtual std::string digest() = 0;
};

std::unique_ptr<Backend> model_backend();
// REQUIRES: no_cluster_because().empty(). As bursar_service, which is what brokers and workers are. A database that
// others had before and will have after, with an empty queue; or one of its own.
std::unique_ptr<Backend> postgres_backend();
std::unique_ptr<Backend> fresh_postgres_backend();

}  // namespace tests

// What gtest prints when an expectation fails.
namespace machines {
inline void PrintTo(const StepResult& result, std::ostream* out) {
  constexpr const char* words[] = {"committed", "stale_version", "lost_lease", "stale_epoch", "refused"};
  *out << words[static_cast<int>(result.outcome)] << " " << word_of(result.refusal) << " (" << result.born.size()
       << " born)";
}
}  // namespace machines

namespace ledger::model {
inline void PrintTo(const Counters& counters, std::ostream* out) {
  *out << "debits " << machines::to_text(counters.debits_pending) << " + " << machines::to_text(counters.debits_posted)
       << ", credits " << machines::to_text(counters.credits_pending) << " + "
       << machines::to_text(counters.credits_posted);
}
}  // namespace ledger::model
