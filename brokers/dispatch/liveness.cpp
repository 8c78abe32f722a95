#include "brokers/dispatch/dispatch.hpp"

// brokers/dispatch/liveness.cpp: workers that leave, die or fall silent, and what becomes of the jobs that they held.
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
  lose(peer, {}, "its worker left", Loss::alive);  // crossed its goodbye on the way
  pace_.hint();
  consider(now_us);
}

void Dispatch::gone(const std::string& peer, std::int64_t now_us) {
  if (!workers_.contains(peer)) return;
  lose(peer, {}, "its worker is gone", Loss::gone);
  pace_.hint();
  consider(now_us);
}

// The job was held at a death: it runs alone from now on. True when it has killed too many.
bool Dispatch::suspect(const machines::JobKey& job, bool ran_alone, const Token& of) {
  if (suspects_.size() >= most_suspects) suspects_.clear();
  Suspicion& suspicion = suspects_[job];
  suspicion.lone_deaths = ran_alone ? suspicion.lone_deaths + 1 : 0;
  suspicion.of = of;
  return suspicion.lone_deaths >= rules_.most_lone_deaths;
}

// It speaks: its connection was lost, and no job was why.
void Dispatch::acquit(const Token& incarnation) {
  if (incarnation.is_empty()) return;
  for (auto one = suspects_.begin(); one != suspects_.end();) {
    Suspicion& suspicion = one->second;
    const bool is_its = suspicion.of == incarnation;
    const bool was_first = is_its && suspicion.lone_deaths-- == 0;
    if (is_its) suspicion.of = {};
    one = was_first ? suspects_.erase(one) : std::next(one);
  }
}

// A name is its holder's as long as that is not lost: a second process of that name would take each job from the first,
// and the first from it. The holder is looked for at once: where its process has ended, its connection is gone, and
// whoever asks again has the name.
bool Dispatch::refuse_second(const std::string& peer, const schemas::Ready& ready) {
  const std::string holder = workers_.other_holder(peer, ready);
  if (holder.empty()) return false;
  send(peer, schemas::Refused{"another worker is registered as " + ready.worker +
                              ": give each worker a name of its own; if that one has just ended, ask again"});
  send(holder, schemas::Heartbeat{});
  return true;
}

// The worker's leases pass on; those in `still_held` stay with it, over another connection. Where it may have died,
// each of them may be why.
void Dispatch::lose(const std::string& peer, const std::set<Token>& still_held, const std::string& why, Loss loss) {
  const Worker* lost = workers_.find(peer);
  const Token of = lost == nullptr || loss != Loss::gone ? Token{} : lost->incarnation;
  for (auto flight = flights_.begin(); flight != flights_.end();) {
    const auto next = std::next(flight);
    if (flight->second.peer == peer) {
      const LeasedJob& job = flight->second.job;
      if (!still_held.contains(flight->first)) {
        const bool kills = loss != Loss::alive && suspect(job.key, flight->second.alone, of);
        give_back(job, kills ? "kills_worker" : why, 0, kills, false);
        ++reissued_;
      }
      land(flight);
    }
    flight = next;
  }
  worker_left_ = workers_.remove(peer) || worker_left_;
}

// Those of which nothing was heard for the ttl.
void Dispatch::lose_the_silent(std::int64_t now_us) {
  for (const std::string& peer : workers_.silent(now_us, rules_.ttl_us)) {
    lose(peer, {}, "its worker fell silent", Loss::silent);
    pace_.hint();
  }
}

}  // namespace brokers::dispatch
