#include <algorithm>

#include "brokers/dispatch/dispatch.hpp"

namespace brokers::dispatch {

using machines::LeasedJob;

bool Dispatch::is_outside(const Worker& worker, const LeasedJob& job) const {
  const auto found = worker.capabilities.find(job.kind);
  if (found == worker.capabilities.end() || job.is_event) return false;
  const auto& commands = found->second.outside_commands;
  return std::find(commands.begin(), commands.end(), job.command) != commands.end();
}

bool Dispatch::can_take(const Worker& worker, const LeasedJob& job) const {
  if (worker.runs_alone || !worker.capabilities.contains(job.kind)) return false;
  return is_outside(worker, job) ? worker.outside_credit > 0 : worker.pure_credit > 0;
}

// The least loaded worker that can take the job; for a lone run one that holds nothing. Empty when there is none.
std::string Dispatch::best_worker(const LeasedJob& job, bool alone) const {
  std::string best;
  std::size_t least = SIZE_MAX;
  for (const auto& [peer, worker] : workers_) {
    if (!can_take(worker, job) || (alone && !worker.held.empty()) || worker.held.size() >= least) continue;
    best = peer;
    least = worker.held.size();
  }
  return best;
}

void Dispatch::fly(const std::string& peer, const LeasedJob& job, bool alone) {
  Worker& worker = workers_.at(peer);
  const bool outside = is_outside(worker, job);
  --(outside ? worker.outside_credit : worker.pure_credit);
  worker.held.insert(job.token);
  worker.runs_alone = worker.runs_alone || alone;
  busy_.insert({job.key.owner, job.key.instance});
  flights_[job.token] = {job, peer, outside, alone};
}

// Fills one message for one worker from a shard's queue, its owners in turn. False when nothing could be sent.
bool Dispatch::assign_shard(int shard, Queue& queue) {
  const auto size_of = [](const Queue& q) {
    std::size_t size = 0;
    for (const auto& [owner, jobs] : q) size += jobs.size();
    return size;
  };
  // Few go together in one round trip; a backlog is spread.
  const std::size_t waiting = size_of(queue);
  const std::size_t workers = std::max<std::size_t>(workers_.size(), 1);
  const std::size_t share =
      waiting <= static_cast<std::size_t>(rules_.few_jobs)
          ? waiting
          : std::min<std::size_t>(static_cast<std::size_t>(rules_.message_jobs), (waiting + workers - 1) / workers);
  std::string peer;
  schemas::Assign message;
  bool lone = false;
  bool moved = true;
  std::vector<LeasedJob> set_aside;
  while (moved && !lone && message.jobs.size() < share) {
    moved = false;
    for (auto& [owner, jobs] : queue) {
      if (jobs.empty() || lone || message.jobs.size() >= share) continue;
      LeasedJob job = std::move(jobs.front());
      jobs.pop_front();
      moved = true;
      const bool alone = suspects_.contains(job.key);
      const bool fits = !busy_.contains({job.key.owner, job.key.instance}) && !(alone && !message.jobs.empty());
      if (fits && peer.empty()) peer = best_worker(job, alone);
      if (!fits || peer.empty() || !can_take(workers_.at(peer), job)) {
        set_aside.push_back(std::move(job));
        if (peer.empty() && fits) moved = false;
        continue;
      }
      fly(peer, job, alone);
      lone = alone;
      message.jobs.push_back(std::move(job));
    }
  }
  queued_ -= message.jobs.size();
  for (auto job = set_aside.rbegin(); job != set_aside.rend(); ++job) queue[job->key.owner].push_front(std::move(*job));
  std::erase_if(queue, [](const auto& entry) { return entry.second.empty(); });
  if (message.jobs.empty()) return false;
  dispatched_ += static_cast<std::int64_t>(message.jobs.size());
  (void)shard;
  send(peer, std::move(message));
  return true;
}

void Dispatch::assign() {
  bool moved = queued_ > 0 && !workers_.empty();
  while (moved) {
    moved = false;
    for (auto& [shard, queue] : ready_) moved = (!queue.empty() && assign_shard(shard, queue)) || moved;
  }
  std::erase_if(ready_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace brokers::dispatch
