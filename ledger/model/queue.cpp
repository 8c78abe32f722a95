#include "ledger/model/queue.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace ledger::model {
namespace {

using machines::LeasedJob;
using JobRow = std::pair<const JobKey, Job>;

int shard_of(const Rows& rows, OwnerId owner) {
  const auto found = rows.owners.find(owner);
  return found == rows.owners.end() ? -1 : found->second.shard;
}

bool is_among(const Rows& rows, std::span<const int> shards, const JobKey& key) {
  return std::find(shards.begin(), shards.end(), shard_of(rows, key.owner)) != shards.end();
}

bool is_ready(const Job& job, machines::Instant world_now, std::int64_t wall_us) {
  return job.world_at <= world_now && job.token.is_empty() && job.parked.empty() && job.run_at_us <= wall_us;
}

LeasedJob leased_job(const Rows& rows, const JobKey& key, const Job& job) {
  LeasedJob lease;
  lease.key = key;
  lease.token = job.token;
  lease.shard = shard_of(rows, key.owner);
  const auto epoch = rows.shards.find(lease.shard);
  lease.epoch = epoch == rows.shards.end() ? 0 : epoch->second;
  lease.kind = job.kind;
  lease.command = job.command;
  lease.is_event = job.is_event;
  lease.world_at = job.world_at;
  lease.attempt = job.attempt;
  lease.tries = job.tries;
  return lease;
}

}  // namespace

std::vector<LeasedJob> claim(Rows& rows, std::span<const int> shards, machines::Instant world_now, std::int64_t wall_us,
                             int limit, const std::function<machines::Token()>& fresh_token) {
  std::vector<LeasedJob> leases;
  for (const int shard : shards) {
    std::vector<JobRow*> ready;
    for (JobRow& row : rows.jobs)
      if (shard_of(rows, row.first.owner) == shard && is_ready(row.second, world_now, wall_us)) ready.push_back(&row);
    std::stable_sort(ready.begin(), ready.end(),
                     [](const JobRow* a, const JobRow* b) { return a->second.world_at < b->second.world_at; });
    ready.resize(std::min(ready.size(), static_cast<std::size_t>(limit)));
    for (JobRow* row : ready) {
      row->second.token = fresh_token();
      ++row->second.attempt;
      leases.push_back(leased_job(rows, row->first, row->second));
    }
  }
  return leases;
}

std::vector<LeasedJob> leased(const Rows& rows, std::span<const int> shards) {
  std::vector<LeasedJob> leases;
  for (const auto& [key, job] : rows.jobs)
    if (is_among(rows, shards, key) && !job.token.is_empty()) leases.push_back(leased_job(rows, key, job));
  return leases;
}

Due due(const Rows& rows, std::span<const int> shards, machines::Instant world_at, std::int64_t wall_us) {
  Due due;
  due.next_due.us = std::numeric_limits<std::int64_t>::max();
  machines::Instant parked_at;
  for (const auto& [key, job] : rows.jobs) {
    if (!is_among(rows, shards, key)) continue;
    due.next_due = std::min(due.next_due, job.world_at);
    if (job.world_at > world_at) continue;
    if (!job.parked.empty() && (!due.parked || job.world_at < parked_at)) {
      due.parked = key;
      due.parked_reason = job.parked;
      parked_at = job.world_at;
    }
    const std::int64_t wait = job.run_at_us - wall_us;
    if (job.parked.empty() && job.token.is_empty() && wait > 0)
      due.next_run_us = due.next_run_us == 0 ? wait : std::min(due.next_run_us, wait);
  }
  return due;
}

machines::Instant next_unheld(const Rows& rows, std::span<const int> shards) {
  machines::Instant earliest{std::numeric_limits<std::int64_t>::max()};
  for (const auto& [key, job] : rows.jobs)
    if (is_among(rows, shards, key) && job.token.is_empty()) earliest = std::min(earliest, job.world_at);
  return earliest;
}

int give_back(Rows& rows, std::span<const Failure> failures, std::int64_t wall_us) {
  int count = 0;
  for (const Failure& failure : failures) {
    const auto found = rows.jobs.find(failure.key);
    if (found == rows.jobs.end() || failure.token.is_empty() || found->second.token != failure.token) continue;
    Job& job = found->second;
    job.token = {};
    job.last_error = failure.reason;
    job.tries += failure.counts_as_try ? 1 : 0;
    job.run_at_us = wall_us + failure.delay_ms * 1000;
    job.parked = failure.park ? failure.reason : "";
    ++count;
  }
  return count;
}

bool submit_event(Rows& rows, OwnerId owner, InstanceId instance, const std::string& event,
                  machines::Instant world_at) {
  constexpr int first_ordinal = 1000;
  int ordinal = first_ordinal;
  const auto found = rows.instances.find({owner, instance});
  const std::int64_t version = found == rows.instances.end() ? 0 : found->second.version;
  for (const auto& [key, job] : rows.jobs) {
    if (key.owner != owner || key.instance != instance) continue;
    if (job.is_event && job.command == event) return true;
    if (key.version == version && key.ordinal >= ordinal) ordinal = key.ordinal + 1;
  }
  if (found == rows.instances.end() || found->second.is_final) return false;
  Job& job = rows.jobs[{owner, instance, version, ordinal}];
  job.kind = found->second.kind;
  job.command = event;
  job.is_event = true;
  job.world_at = world_at;
  return true;
}

}  // namespace ledger::model
