#include "brokers/dispatch/dispatch.hpp"

// brokers/dispatch/deaths.cpp: workers that leave, die or fall silent, and what becomes of the jobs that they held.
namespace brokers::dispatch {

using machines::LeasedJob;
using machines::Token;

constexpr std::size_t most_suspects = 10'000;  // remembered; those whose job has long been done are among them

void Dispatch::goodbye(const std::string& peer, const schemas::Goodbye& goodbye, std::int64_t now_us) {
  for (const Token& token : goodbye.unstarted) {
    const auto flight = flights_.find(token);
    if (flight == flights_.end() || flight->second.peer != peer) continue;
    give_back(flight->second.job, "handed back unstarted", 0, false, false);
    land(flight);
  }
  send(peer, schemas::Goodbye{});
  lose(peer, {}, "its worker left", false);  // crossed its goodbye on the way
  hint_ = true;
  consider(now_us);
}

void Dispatch::gone(const std::string& peer, std::int64_t now_us) {
  if (!workers_.contains(peer)) return;
  lose(peer, {}, "its worker is gone");
  hint_ = true;
  consider(now_us);
}

// The job was held at a death: it runs alone from now on. True when it has killed too many.
bool Dispatch::suspect(const machines::JobKey& job, bool ran_alone) {
  if (suspects_.size() >= most_suspects) suspects_.clear();
  int& deaths = suspects_[job];
  deaths = ran_alone ? deaths + 1 : 0;
  return deaths >= rules_.most_lone_deaths;
}

// The worker's leases pass on; those in `still_held` stay with its next incarnation. Where it died, each of them may be
// why.
void Dispatch::lose(const std::string& peer, const std::set<Token>& still_held, const std::string& why, bool died) {
  for (auto flight = flights_.begin(); flight != flights_.end();) {
    const auto next = std::next(flight);
    if (flight->second.peer == peer) {
      const LeasedJob& job = flight->second.job;
      if (!still_held.contains(flight->first)) {
        const bool kills = died && suspect(job.key, flight->second.alone);
        give_back(job, kills ? "kills_worker" : why, 0, kills, false);
        ++reissued_;
      }
      land(flight);
    }
    flight = next;
  }
  worker_left_ = workers_.erase(peer) > 0 || worker_left_;
}

// Those of which nothing was heard for the ttl.
void Dispatch::lose_the_silent(std::int64_t now_us) {
  std::vector<std::string> silent;
  for (const auto& [peer, worker] : workers_)
    if (now_us - worker.heard_us > rules_.ttl_us) silent.push_back(peer);
  for (const std::string& peer : silent) {
    lose(peer, {}, "its worker fell silent");
    hint_ = true;
  }
}

}  // namespace brokers::dispatch
