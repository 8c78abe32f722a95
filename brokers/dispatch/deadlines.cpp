#include "brokers/dispatch/dispatch.hpp"

// brokers/dispatch/deadlines.cpp: jobs that are taken from a worker: too long in flight, or not wanted any more.
namespace brokers::dispatch {

using machines::LeasedJob;
using machines::Token;

std::int64_t Dispatch::deadline_of(const LeasedJob& job) const {
  for (const Deadline& rule : rules_.deadlines)
    if (rule.match.fits(job.kind, job.command)) return rule.us;
  return 0;
}

// The lease passes on, and what its worker says later is refused by the token. The worker's hands stay full until it
// says so: who hangs gets nothing new.
void Dispatch::take_the_overdue(std::int64_t now_us) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_us) {
    const Token token = deadlines_.begin()->second;
    const auto flight = flights_.find(token);
    const std::string peer = flight->second.peer;
    const bool outside = flight->second.outside;
    give_back(flight->second.job, "its deadline had passed", 0, false, true);
    land(flight);
    workers_.keep_hand(peer, token, outside);
    send(peer, schemas::Revoke{{token}});
    ++overdue_;
    pace_.hint();
  }
}

void Dispatch::cancel(const std::string& client, const schemas::Cancel& cancel, std::int64_t now_us) {
  auto result = schemas::CancelResult::unknown;
  for (const LeasedJob& job : backlog_.take_if([&](const LeasedJob& queued) { return queued.key == cancel.key; })) {
    // Touches nothing where the row is gone; where it is not, it may be claimed again.
    give_back(job, "cancelled", 0, false, false);
    result = schemas::CancelResult::dropped;
  }
  for (const auto& [token, flight] : flights_)
    if (flight.job.key == cancel.key) {
      send(flight.peer, schemas::Revoke{{token}});
      result = schemas::CancelResult::asked;
    }
  send(client, schemas::Cancelled{cancel.key, result});
  pace_.hint();
  consider(now_us);
}

void Dispatch::give_back_shard(int shard) {
  for (const LeasedJob& job : backlog_.take_if([&](const LeasedJob& queued) { return queued.shard == shard; }))
    give_back(job, "its shard moves on", 0, false, false);
  pace_.hint();
}

void Dispatch::handed_back(const std::string& peer, const schemas::HandedBack& back, std::int64_t now_us) {
  if (known(peer, now_us) == nullptr) return;
  for (const Token& token : back.unstarted) {
    if (workers_.let_go(peer, token)) continue;
    const auto flight = flights_.find(token);
    if (flight == flights_.end() || flight->second.peer != peer) continue;
    give_back(flight->second.job, "handed back unstarted", 0, false, false);
    land(flight);
  }
  pace_.hint();
  consider(now_us);
}

}  // namespace brokers::dispatch
