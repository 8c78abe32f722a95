#include "deploy/replay/barriers/barrier.hpp"

#include <algorithm>
#include <set>

namespace deploy {

std::optional<schemas::Released> Barrier::take(const std::string& broker, const schemas::Released& released) {
  if (released.stalled) return released;
  answers_[broker] = released;
  return whole();
}

std::optional<schemas::Released> Barrier::whole() const {
  std::set<int> live, covered;
  std::optional<schemas::Released> together;
  for (const auto& [broker, answer] : answers_) {
    live.insert(answer.live.begin(), answer.live.end());
    covered.insert(answer.shards.begin(), answer.shards.end());
    if (answer.shards.empty()) continue;  // it serves nobody: it knows of no job, and no time of its counts
    if (!together) together = answer;
    together->world_at = std::min(together->world_at, answer.world_at);
    together->next_due = std::min(together->next_due, answer.next_due);
  }
  if (!together || !std::includes(covered.begin(), covered.end(), live.begin(), live.end())) return std::nullopt;
  together->shards.assign(covered.begin(), covered.end());
  together->live.assign(live.begin(), live.end());
  return together;
}

}  // namespace deploy
