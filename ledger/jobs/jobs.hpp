// ledger/jobs/jobs.hpp: the ready queue, its leases and its timers, as a broker uses them. The broker is the only
// claimer. A job is a row with a world time (not before this), a wall time (back-off), and at most one lease token.
// I/O: one round trip a call. A Jobs owns no connection: it borrows one for its life. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/store/connection.hpp"
#include "ledger/store/error.hpp"
#include "machines/core/job.hpp"

namespace ledger::jobs {

// What stands in the way of world time passing `world_at`.
struct Due {
  machines::Instant next_due;  // earliest world time of any open job (ready, delayed, leased, parked); INT64_MAX: none
  std::optional<machines::JobKey> parked;  // a parked job with world time <= world_at
  std::string parked_reason;
  std::int64_t next_run_us = 0;  // wall time from now until the earliest delayed job may run, 0: none is delayed
};

// A job that its worker, or the broker, gives back. Under another token than the row's it changes nothing.
struct Failure {
  machines::JobKey key;
  machines::Token token;
  std::string reason;
  std::int64_t delay_ms = 0;  // wall time until it may run again
  bool park = false;
  bool counts_as_try = true;  // false: handed back unstarted, or lost to a dead worker
  // The word of what it waits for (GiveUpCode), else of the outside call or refusal (CallError); empty: none of these.
  std::string error_class = {};
};

// Open jobs by what they wait for.
struct Counts {
  std::int64_t ready = 0, timers = 0, leased = 0, delayed = 0, parked = 0;
  std::int64_t held = 0;  // due, and set aside by a pause of their instance or kind
};

// An owner's place among those that a shard serves in turn.
struct OwnerOfShard {
  int shard = 0;
  machines::OwnerId owner;
};
struct KindOfWork {
  std::string kind, command;
};
// The venue account that an instance works on.
struct PlaceOf {
  machines::OwnerId owner;
  machines::InstanceId instance;
  std::string venue, account;
};

class Jobs {
 public:
  explicit Jobs(Connection& connection) : connection_(connection) {}

  // Takes over all shards for this broker: raises each epoch by one and returns it (durable before it returns).
  // Leases of earlier epochs are dead from here: their commits answer stale_epoch.
  Stored<std::int64_t> own_shards(const std::string& broker);
  // Shards that have an owner (0..63).
  Stored<std::vector<int>> live_shards();
  // Leases up to `limit` jobs per shard whose world time and wall time have come, oldest world time first, each with a
  // fresh token and the version of its instance's machine. What a pause of its instance or kind stops is set aside
  // instead. Not durable by itself (synchronous_commit off): a lost claim is claimed again.
  Stored<std::vector<machines::LeasedJob>> claim(std::span<const int> shards, machines::Instant world_now, int limit,
                                                 const std::string& broker);
  // What lies behind a backlog. Up to `count` owners with jobs of each shard, from the one after `after` (owner 0: from
  // the first) on, around once; then up to `limit` jobs of each of them, leased as by claim().
  Stored<std::vector<OwnerOfShard>> owners_in_turn(std::span<const OwnerOfShard> after, int count);
  Stored<std::vector<machines::LeasedJob>> claim_of(std::span<const OwnerOfShard> owners, machines::Instant world_now,
                                                    int limit, const std::string& broker);
  // Leases up to `limit` jobs of each of these commands in each shard.
  Stored<std::vector<machines::LeasedJob>> claim_urgent(std::span<const int> shards, std::span<const KindOfWork> what,
                                                        machines::Instant world_now, int limit,
                                                        const std::string& broker);
  // The venue account of each of these instances that works on one; the others are left out.
  Stored<std::vector<PlaceOf>> places(std::span<const machines::JobKey> jobs);
  // The ids of owners by their names; unknown names are left out.
  Stored<std::map<std::string, machines::OwnerId>> owner_ids(std::span<const std::string> names);
  // What is still open of these shards up to `world_at`, for the broker that asks whether world time may pass it.
  Stored<Due> due(std::span<const int> shards, machines::Instant world_at);
  // The earliest world time of any job without a lease; INT64_MAX when there is none.
  Stored<machines::Instant> next_unheld(std::span<const int> shards);
  // The world time that a feed has released for good: what is due by then may run, whichever broker asks. 0: no feed
  // has got that far, or there is none.
  Stored<machines::Instant> world_come();
  // All leased rows of these shards, for the broker to compare with what it and its workers hold.
  Stored<std::vector<machines::LeasedJob>> leased(std::span<const int> shards);
  // Gives each of these back to the queue or parks it, if its token still stands; returns how many did.
  Stored<int> give_back(std::span<const Failure> failures);
  // A durable event for an instance. False when the instance is unknown or final.
  Stored<bool> submit_event(machines::OwnerId owner, machines::InstanceId instance, const std::string& event,
                            machines::Instant world_at);
  // Open jobs by what they wait for; timers are those of a world time after `world_now`.
  Stored<Counts> counts(machines::Instant world_now);

 private:
  Connection& connection_;
};

}  // namespace ledger::jobs
