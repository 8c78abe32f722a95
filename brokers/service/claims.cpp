#include "brokers/service/claims.hpp"

#include <algorithm>

namespace brokers::service {

using machines::LeasedJob;

namespace {

constexpr int most_owners = 256;              // looked at in one claim, over all shards
constexpr std::size_t most_places = 100'000;  // remembered; an instance never moves to another account

std::vector<int> full_shards(const std::vector<LeasedJob>& jobs, int limit) {
  std::map<int, int> counts;
  for (const LeasedJob& job : jobs) ++counts[job.shard];
  std::vector<int> full;
  for (const auto& [shard, count] : counts)
    if (count >= limit) full.push_back(shard);
  return full;
}

void append(std::vector<LeasedJob>& jobs, std::vector<LeasedJob> more) {
  jobs.insert(jobs.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

ledger::Stored<std::vector<LeasedJob>> Claims::carry_out(const dispatch::ClaimNow& order,
                                                         const std::vector<int>& shards, machines::Instant world_now,
                                                         const std::string& broker) {
  std::vector<LeasedJob> jobs;
  if (!order.only_urgent) {
    auto oldest = jobs_.claim(shards, world_now, order.limit, broker);
    if (!oldest) return oldest;
    jobs = std::move(*oldest);
  }
  const std::vector<int> full = order.only_urgent ? shards : full_shards(jobs, order.limit);
  if (full.empty()) return jobs;
  if (const auto done = claim_urgent(order, full, world_now, broker, jobs); !done) return machines::fail(done.error());
  if (const auto done = claim_behind(order, full, world_now, broker, jobs); !done) return machines::fail(done.error());
  return jobs;
}

ledger::Stored<bool> Claims::claim_urgent(const dispatch::ClaimNow& order, const std::vector<int>& shards,
                                          machines::Instant world_now, const std::string& broker,
                                          std::vector<LeasedJob>& jobs) {
  if (order.urgent.empty()) return false;
  std::vector<ledger::jobs::KindOfWork> what;
  for (const dispatch::Match& match : order.urgent) what.push_back({match.kind, match.command});
  auto more = jobs_.claim_urgent(shards, what, world_now, order.fair_jobs, broker);
  if (!more) return machines::fail(more.error());
  append(jobs, std::move(*more));
  return true;
}

// A few jobs of some owners of each shard that has a backlog, those first that were not looked at for the longest.
ledger::Stored<bool> Claims::claim_behind(const dispatch::ClaimNow& order, const std::vector<int>& full,
                                          machines::Instant world_now, const std::string& broker,
                                          std::vector<LeasedJob>& jobs) {
  if (order.fair_owners == 0 || order.only_urgent) return false;
  std::vector<ledger::jobs::OwnerOfShard> after;
  after.reserve(full.size());
  for (const int shard : full) after.push_back({shard, served_[shard]});
  const int each = std::clamp(most_owners / static_cast<int>(full.size()), 4, std::max(order.fair_owners, 4));
  auto owners = jobs_.owners_in_turn(after, each);
  if (!owners) return machines::fail(owners.error());
  std::map<int, int> of_shard;
  for (const auto& one : *owners) {
    served_[one.shard] = one.owner;
    ++of_shard[one.shard];
  }
  std::erase_if(*owners, [&](const auto& one) { return of_shard[one.shard] == 1; });  // alone: nobody else waits
  if (owners->empty()) return false;
  auto more = jobs_.claim_of(*owners, world_now, order.fair_jobs, broker);
  if (!more) return machines::fail(more.error());
  append(jobs, std::move(*more));
  return true;
}

ledger::Stored<std::map<machines::JobKey, dispatch::Place>> Claims::places_of(const dispatch::Dispatch& dispatch,
                                                                              const std::vector<LeasedJob>& jobs) {
  std::map<machines::JobKey, dispatch::Place> places;
  std::vector<machines::JobKey> unknown;
  for (const LeasedJob& job : jobs) {
    if (!dispatch.wants_place(job)) continue;
    places[job.key] = {"?", "?"};
    if (!places_.contains({job.key.owner, job.key.instance})) unknown.push_back(job.key);
  }
  if (!unknown.empty()) {
    const auto found = jobs_.places(unknown);
    if (!found) return machines::fail(found.error());
    for (const auto& one : *found) places_[{one.owner, one.instance}] = {one.venue, one.account};
  }
  for (auto& [key, place] : places)
    if (const auto known = places_.find({key.owner, key.instance}); known != places_.end()) place = known->second;
  if (places_.size() >= most_places) places_.clear();
  return places;
}

}  // namespace brokers::service
