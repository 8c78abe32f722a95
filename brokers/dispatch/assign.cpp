#include <algorithm>

#include "brokers/dispatch/dispatch.hpp"

namespace brokers::dispatch {

using machines::LeasedJob;

bool Dispatch::is_outside(const Worker& worker, const LeasedJob& job) const {
  const auto found = worker.capabilities.find(machine_of(job));
  if (found == worker.capabilities.end() || job.is_event) return false;
  const auto& commands = found->second.outside_commands;
  return std::find(commands.begin(), commands.end(), job.command) != commands.end();
}

bool Dispatch::is_busy(const LeasedJob& job) const { return busy_.contains({job.key.owner, job.key.instance}); }

bool Dispatch::can_take(const Worker& worker, const LeasedJob& job, bool alone) const {
  if (worker.runs_alone || !worker.capabilities.contains(machine_of(job))) return false;
  if (alone ? !worker.held.empty() : worker.drains) return false;
  return is_outside(worker, job) ? worker.outside_credit > 0 : worker.pure_credit > 0;
}

// The least loaded worker that can take the job; for a lone run one that holds nothing. Empty when there is none.
std::string Dispatch::best_worker(const LeasedJob& job, bool alone) const {
  std::string best;
  std::size_t least = SIZE_MAX;
  for (const auto& [peer, worker] : workers_) {
    if (!can_take(worker, job, alone) || worker.held.size() >= least) continue;
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
  ++busy_[{job.key.owner, job.key.instance}];
  flights_[job.token] = {job, peer, outside, alone};
}

// The first waiting job that must run alone and could, had a worker empty hands.
const LeasedJob* Dispatch::first_lone() const {
  if (suspects_.empty()) return nullptr;
  for (const auto& [shard, queue] : ready_)
    for (const auto& [owner, jobs] : queue)
      for (const LeasedJob& job : jobs)
        if (suspects_.contains(job.key) && !is_busy(job)) return &job;
  return nullptr;
}

// Under a steady load no worker's hands would ever be empty: the least loaded one gets nothing new. Should another
// become less loaded, it takes over, closer to empty: so this ends.
void Dispatch::make_room_for_the_lone() {
  for (auto& [peer, worker] : workers_) worker.drains = false;
  const LeasedJob* job = first_lone();
  if (job == nullptr) return;
  Worker* least = nullptr;
  for (auto& [peer, worker] : workers_)
    if (!worker.runs_alone && worker.capabilities.contains(machine_of(*job)) &&
        (least == nullptr || worker.held.size() < least->held.size()))
      least = &worker;
  if (least != nullptr) least->drains = true;
}

// A shard's owners with waiting jobs, the one after the owner served last first.
std::vector<machines::OwnerId> Dispatch::in_turn(int shard, const Queue& queue) const {
  std::vector<machines::OwnerId> owners;
  for (const auto& [owner, jobs] : queue) owners.push_back(owner);
  const auto last = turns_.find(shard);
  if (last != turns_.end())
    std::rotate(owners.begin(), std::upper_bound(owners.begin(), owners.end(), last->second), owners.end());
  return owners;
}

// Fills one message for one worker from a shard's queue, its owners in turn. False when nothing could be sent.
bool Dispatch::assign_shard(int shard, Queue& queue) {
  // Few go together in one round trip; a backlog is spread.
  std::size_t waiting = 0;
  for (const auto& [owner, jobs] : queue) waiting += jobs.size();
  const std::size_t share = waiting <= static_cast<std::size_t>(rules_.few_jobs)
                                ? waiting
                                : std::min<std::size_t>(static_cast<std::size_t>(rules_.message_jobs),
                                                        (waiting + workers_.size() - 1) / workers_.size());
  const auto owners = in_turn(shard, queue);
  std::string peer;
  schemas::Assign message;
  std::vector<LeasedJob> set_aside;
  bool full = false;  // the worker has no credit left, or what it got must run alone
  for (bool moved = true; moved && !full;) {
    moved = false;
    for (const machines::OwnerId owner : owners) {
      auto& jobs = queue[owner];
      if (full || jobs.empty()) continue;
      LeasedJob job = std::move(jobs.front());
      jobs.pop_front();
      moved = true;
      const bool alone = suspects_.contains(job.key);
      const bool fits = !is_busy(job) && !(alone && !message.jobs.empty());
      if (fits && peer.empty()) peer = best_worker(job, alone);
      if (!fits || peer.empty() || !can_take(workers_.at(peer), job, alone)) {
        set_aside.push_back(std::move(job));
        continue;
      }
      fly(peer, job, alone);
      turns_[shard] = owner;
      message.jobs.push_back(std::move(job));
      const Worker& worker = workers_.at(peer);
      full = alone || message.jobs.size() >= share || (worker.pure_credit <= 0 && worker.outside_credit <= 0);
    }
  }
  queued_ -= message.jobs.size();
  for (auto job = set_aside.rbegin(); job != set_aside.rend(); ++job) queue[job->key.owner].push_front(std::move(*job));
  std::erase_if(queue, [](const auto& entry) { return entry.second.empty(); });
  if (message.jobs.empty()) return false;
  dispatched_ += static_cast<std::int64_t>(message.jobs.size());
  last_shard_ = shard;
  if (queued_ == 0 && flights_.size() == message.jobs.size()) message.alone_until = alone_until_;
  send(peer, std::move(message));
  return true;
}

// Shards in turn, the one after the shard served last first, until nothing more can be handed out.
void Dispatch::assign() {
  make_room_for_the_lone();
  for (bool moved = true; moved && queued_ > 0 && free_credit() > 0;) {
    moved = false;
    std::vector<int> shards;
    for (const auto& [shard, queue] : ready_) shards.push_back(shard);
    std::rotate(shards.begin(), std::upper_bound(shards.begin(), shards.end(), last_shard_), shards.end());
    for (const int shard : shards) {
      Queue& queue = ready_.at(shard);
      moved = (!queue.empty() && assign_shard(shard, queue)) || moved;
    }
  }
  std::erase_if(ready_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace brokers::dispatch
