// ledger/model/queue.hpp: the ready queue over the model's rows, as schemas/sql/functions has it: claims, leases,
// back-off, events. Wall time comes in as microseconds, tokens from the caller. Pure, no throw.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/model/rows.hpp"
#include "machines/core/job.hpp"

namespace ledger::model {

// What stands in the way of world time passing `world_at`; as ledger::jobs::Due.
struct Due {
  machines::Instant next_due;    // earliest world time of any open job; INT64_MAX: none
  std::optional<JobKey> parked;  // the earliest parked job with world time <= world_at
  std::string parked_reason;
  std::int64_t next_run_us = 0;  // wall time from now until the earliest delayed job may run, 0: none is delayed
};

// A job given back, or parked; as ledger::jobs::Failure.
struct Failure {
  JobKey key;
  machines::Token token;
  std::string reason;
  std::int64_t delay_ms = 0;
  bool park = false;
  bool counts_as_try = true;
};

// Leases up to `limit` jobs per shard whose world time and wall time have come, oldest world time first, each under a
// token of its own. REQUIRES: fresh_token never repeats itself.
std::vector<machines::LeasedJob> claim(Rows& rows, std::span<const int> shards, machines::Instant world_now,
                                       std::int64_t wall_us, int limit,
                                       const std::function<machines::Token()>& fresh_token);
// All jobs of these shards that have a lease, by key.
std::vector<machines::LeasedJob> leased(const Rows& rows, std::span<const int> shards);
// What is still open up to `world_at`, as Due says it.
Due due(const Rows& rows, std::span<const int> shards, machines::Instant world_at, std::int64_t wall_us);
// The earliest world time of any job without a lease, parked ones among them; INT64_MAX when there is none.
machines::Instant next_unheld(const Rows& rows, std::span<const int> shards);
// Gives each job back, or parks it, where its token still stands; returns how many did.
int give_back(Rows& rows, std::span<const Failure> failures, std::int64_t wall_us);
// A durable event for a live instance, once while it waits. False when the instance is unknown or final.
bool submit_event(Rows& rows, OwnerId owner, InstanceId instance, const std::string& event, machines::Instant world_at);

}  // namespace ledger::model
