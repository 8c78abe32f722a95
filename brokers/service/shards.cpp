#include "brokers/service/shards.hpp"

#include <algorithm>
#include <chrono>

#include "ledger/env/times.hpp"

namespace brokers::service {
namespace {

using ledger::env::steady_us;

}  // namespace

ledger::Stored<bool> Shards::sit() {
  forget();
  const auto seat = seats_.take(who_.name, who_.endpoint, who_.public_key, ttl_ms_);
  if (!seat) return machines::fail(seat.error());
  seat_ = *seat;
  const auto held = hold();
  if (!held) return machines::fail(held.error());
  return *held == Held::as_before || *held == Held::gained;
}

ledger::Stored<Shards::Held> Shards::hold() {
  const std::int64_t asked_us = steady_us();
  auto holding = seats_.hold(seat_, ttl_ms_);
  if (!holding) return machines::fail(holding.error());
  const bool lost = std::any_of(epochs_.begin(), epochs_.end(), [&](const auto& entry) {
    const auto found = holding->epochs.find(entry.first);
    return found == holding->epochs.end() || found->second != entry.second;
  });
  if (!holding->seated || lost) {
    forget();
    return holding->seated ? Held::lost : Held::replaced;
  }
  gained_.clear();
  for (const auto& [shard, epoch] : holding->epochs)
    if (!epochs_.contains(shard)) gained_.push_back(shard);
  epochs_ = std::move(holding->epochs);
  live_ = std::move(holding->live);
  surplus_ = holding->surplus;
  // A tenth of the lease in hand, for a clock of ours that runs slower than the server's.
  serves_until_us_ = asked_us + ttl_ms_ * 900;
  hold_again_us_ = asked_us + ttl_ms_ * 1000 / 6;
  sort_out();
  return gained_.empty() ? Held::as_before : Held::gained;
}

void Shards::leave() {
  if (seat_ != 0) (void)seats_.leave(seat_);
  forget();
}

void Shards::forget() {
  seat_ = 0;
  epochs_.clear();
  draining_.clear();
  surplus_ = 0;
  serves_until_us_ = 0;
  sort_out();
}

void Shards::sort_out() {
  held_.clear();
  served_.clear();
  for (const auto& [shard, epoch] : epochs_) {
    held_.push_back(shard);
    if (!draining_.contains(shard)) served_.push_back(shard);
  }
}

std::int64_t Shards::epoch_of(int shard) const {
  const auto found = epochs_.find(shard);
  return found == epochs_.end() ? 0 : found->second;
}

std::int64_t Shards::newest_epoch() const {
  std::int64_t newest = 0;
  for (const auto& [shard, epoch] : epochs_) newest = std::max(newest, epoch);
  return newest;
}

void Shards::drain(int shard) {
  draining_.insert(shard);
  sort_out();
}

ledger::Stored<bool> Shards::give_up(const std::vector<int>& shards) {
  const auto given = seats_.give_up(seat_, shards);
  if (!given) return given;
  for (const int shard : shards) {
    epochs_.erase(shard);
    draining_.erase(shard);
    surplus_ = std::max(surplus_ - 1, 0);
  }
  sort_out();
  return true;
}

}  // namespace brokers::service
