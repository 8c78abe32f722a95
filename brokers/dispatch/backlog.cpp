#include "brokers/dispatch/backlog.hpp"

#include <algorithm>

namespace brokers::dispatch {

using machines::LeasedJob;

Backlog::Backlog(const Rules& rules) : priorities_(rules.priorities), weights_(rules.weights) {}

int Backlog::level_of(const std::string& kind, const std::string& command) const {
  for (const Priority& rule : priorities_)
    if (rule.match.fits(kind, command)) return rule.level;
  return 0;
}

int Backlog::weight_of(machines::OwnerId owner) const {
  const auto found = weights_.find(owner);
  return found == weights_.end() ? 1 : found->second;
}

int Backlog::weight_of(const Queue& queue) const {
  int weight = 0;
  for (const auto& [owner, lanes] : queue.owners) weight += weight_of(owner);
  return weight;
}

void Backlog::add(LeasedJob job, const Place& place, bool alone, Limits& limits, std::int64_t now_us) {
  Lanes& lanes = levels_[level_of(job.kind, job.command)][job.shard].owners[job.key.owner];
  const auto [lane, is_new] = lanes.try_emplace({machine_of(job), job.command, job.is_event, place, alone});
  if (is_new && !job.is_event)
    lane->second.budgets = limits.budgets_of(job.kind, job.command, job.key.owner, place, now_us);
  lane->second.jobs.push_back({std::move(job), ++arrivals_});
  ++size_;
}

template <class Change>
void Backlog::change_lanes(Change change) {
  for (auto& [level, shards] : levels_)
    for (auto& [shard, queue] : shards)
      for (auto& [owner, lanes] : queue.owners)
        for (auto& [key, lane] : lanes) {
          const std::size_t before = lane.jobs.size();
          change(key, lane);
          size_ -= before - lane.jobs.size();
        }
  drop_the_empty();
}

std::vector<LeasedJob> Backlog::take_if(const std::function<bool(const LeasedJob&)>& wanted) {
  std::vector<LeasedJob> taken;
  change_lanes([&](const LaneKey&, Lane& lane) {
    std::deque<Waiting> kept;
    for (Waiting& waiting : lane.jobs)
      if (wanted(waiting.job))
        taken.push_back(std::move(waiting.job));
      else
        kept.push_back(std::move(waiting));
    lane.jobs = std::move(kept);
  });
  return taken;
}

std::vector<LeasedJob> Backlog::take_lanes_if(const std::function<bool(const LaneKey&)>& wanted) {
  std::vector<LeasedJob> taken;
  change_lanes([&](const LaneKey& key, Lane& lane) {
    if (!wanted(key)) return;
    for (Waiting& waiting : lane.jobs) taken.push_back(std::move(waiting.job));
    lane.jobs.clear();
  });
  return taken;
}

std::vector<Backlog::Surplus> Backlog::take_surplus(std::size_t most, const Limits& limits, std::int64_t now_us,
                                                    const Waits& waits) {
  std::vector<Surplus> taken;
  change_lanes([&](const LaneKey& key, Lane& lane) {
    if (lane.jobs.size() <= most) return;
    const bool is_limited = !limits.may_go(lane.budgets, now_us);
    if (!is_limited && !waits(key)) return;
    for (std::size_t at = most; at < lane.jobs.size(); ++at)
      taken.push_back({std::move(lane.jobs[at].job), lane.budgets, is_limited});
    lane.jobs.resize(most);
  });
  return taken;
}

bool Backlog::has_long_lane(const Match& match, std::size_t most, const Limits& limits, std::int64_t now_us) const {
  for (const auto& [level, shards] : levels_)
    for (const auto& [shard, queue] : shards)
      for (const auto& [owner, lanes] : queue.owners)
        for (const auto& [key, lane] : lanes)
          if (lane.jobs.size() >= most && match.fits(std::get<0>(key).first, std::get<1>(key)) &&
              limits.may_go(lane.budgets, now_us))
            return true;
  return false;
}

void Backlog::each(const std::function<void(const LeasedJob&)>& look) const {
  for (const auto& [level, shards] : levels_)
    for (const auto& [shard, queue] : shards)
      for (const auto& [owner, lanes] : queue.owners)
        for (const auto& [key, lane] : lanes)
          for (const Waiting& waiting : lane.jobs) look(waiting.job);
}

void Backlog::hold_back(Limits& limits, std::int64_t now_us, const Waits& waits) {
  held_back_ = 0;
  limits.clear_waiting();
  for (const auto& [level, shards] : levels_)
    for (const auto& [shard, queue] : shards)
      for (const auto& [owner, lanes] : queue.owners)
        for (const auto& [key, lane] : lanes)
          if (!lane.budgets.empty() && !limits.may_go(lane.budgets, now_us)) {
            limits.wait(lane.budgets, lane.jobs.size(), now_us);
            held_back_ += lane.jobs.size();
          } else if (waits(key)) {
            held_back_ += lane.jobs.size();
          }
  limits.settle_waiting();
}

void Backlog::drop_the_empty(Queue& queue) {
  for (auto owner = queue.owners.begin(); owner != queue.owners.end();) {
    std::erase_if(owner->second, [](const auto& lane) { return lane.second.jobs.empty(); });
    owner = owner->second.empty() ? queue.owners.erase(owner) : std::next(owner);
  }
}

void Backlog::drop_the_empty() {
  for (auto& [level, shards] : levels_)
    for (auto& [shard, queue] : shards) drop_the_empty(queue);
}

}  // namespace brokers::dispatch
