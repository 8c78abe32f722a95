#include "workers/harness/look_ahead.hpp"

#include <algorithm>

#include "machines/core/check.hpp"

namespace workers::harness {
namespace {

using machines::Instant;
using machines::LeasedJob;

constexpr int longest_span = 16;  // world times whose facts are read together

bool is_merely_rearmed(const handlers::Decision& decision, Instant at) {
  const auto* commit = std::get_if<handlers::Commit>(&decision);
  return commit != nullptr && !commit->then_call && commit->step.moves.empty() &&
         commit->step.fate == machines::Fate::rearmed && commit->step.rearm_at == machines::next_bar_close(at);
}

// The jobs as they will be at each of the next closes, time by time.
std::vector<LeasedJob> at_next_closes(std::span<const LeasedJob> jobs, Instant from, int span, Instant until) {
  std::vector<LeasedJob> asked;
  Instant at = from;
  for (int i = 0; i < span && (i == 0 || at <= until); ++i, at = machines::next_bar_close(at))
    for (LeasedJob job : jobs) {
      job.world_at = at;
      asked.push_back(std::move(job));
    }
  return asked;
}

}  // namespace

ledger::Stored<LookAhead> look_ahead(const ReadFacts& read, const Ask& ask, std::span<const LeasedJob> jobs,
                                     Instant alone_until, int most_looks) {
  CHECK(!jobs.empty());
  Instant from = jobs.front().world_at;
  for (int looks = 0, span = 1;; span = std::min(span * 2, longest_span)) {
    const auto asked = at_next_closes(jobs, from, span, alone_until);
    auto facts = read(asked);
    if (!facts) return machines::fail(facts.error());
    for (std::size_t first = 0; first < asked.size(); first += jobs.size()) {
      const Instant at = asked[first].world_at;
      from = machines::next_bar_close(at);
      bool goes_on = ++looks < most_looks && from <= alone_until;
      for (std::size_t job = first; goes_on && job < first + jobs.size(); ++job)
        goes_on = (*facts)[job] && is_merely_rearmed(ask(asked[job], *(*facts)[job]), at);
      if (goes_on) continue;
      const auto begin = facts->begin() + static_cast<std::ptrdiff_t>(first);
      return LookAhead{
          at,
          {std::make_move_iterator(begin), std::make_move_iterator(begin + static_cast<std::ptrdiff_t>(jobs.size()))}};
    }
  }
}

}  // namespace workers::harness
