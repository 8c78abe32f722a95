#include "brokers/dispatch/dispatch.hpp"

#include <algorithm>

namespace brokers::dispatch {

using machines::Instant;
using machines::LeasedJob;
using machines::Token;

constexpr std::size_t most_suspects = 10'000;  // remembered; those whose job has long been done are among them

void Dispatch::send(const std::string& peer, schemas::Message message) {
  actions_.push_back(Send{peer, std::move(message)});
}

std::vector<Action> Dispatch::take_actions() { return std::exchange(actions_, {}); }

// The worker behind a peer, marked as heard; a stranger is told to register again.
Dispatch::Worker* Dispatch::known(const std::string& peer, std::int64_t now_us) {
  const auto found = workers_.find(peer);
  if (found == workers_.end()) {
    send(peer, schemas::Refused{"register again"});
    return nullptr;
  }
  found->second.heard_us = now_us;
  return &found->second;
}

void Dispatch::ready(const std::string& peer, const schemas::Ready& ready, std::int64_t now_us) {
  if (ready.wire != schemas::wire_version) {
    send(peer, schemas::Refused{"wire version " + std::to_string(ready.wire) + ", this broker speaks " +
                                std::to_string(schemas::wire_version)});
    return;
  }
  const std::set<Token> held(ready.held.begin(), ready.held.end());
  std::vector<std::string> earlier;
  for (const auto& [other, worker] : workers_)
    if (worker.name == ready.worker) earlier.push_back(other);
  Worker fresh;
  fresh.name = ready.worker;
  for (const auto& capability : ready.capabilities) fresh.capabilities[capability.kind] = capability;
  fresh.pure_credit = ready.pure_credit;
  fresh.outside_credit = ready.outside_credit;
  fresh.heard_us = now_us;
  std::vector<Flight> kept;
  for (auto& [token, flight] : flights_)
    if (held.contains(token) && std::find(earlier.begin(), earlier.end(), flight.peer) != earlier.end())
      kept.push_back(flight);
  for (const std::string& old : earlier) lose(old, held, "its worker registered again without it");
  workers_[peer] = std::move(fresh);
  for (const Flight& flight : kept) fly(peer, flight.job, flight.alone);
  send(peer, schemas::Welcome{rules_.heartbeat_us / 1000, rules_.ttl_us / 1000});
  hint_ = true;
  consider(now_us);
}

void Dispatch::land(std::map<Token, Flight>::iterator flight) {
  const auto worker = workers_.find(flight->second.peer);
  if (worker != workers_.end()) {
    ++(flight->second.outside ? worker->second.outside_credit : worker->second.pure_credit);
    worker->second.held.erase(flight->first);
    if (flight->second.alone) worker->second.runs_alone = false;
  }
  const auto busy = busy_.find({flight->second.job.key.owner, flight->second.job.key.instance});
  if (--busy->second == 0) busy_.erase(busy);
  flights_.erase(flight);
}

void Dispatch::done(const std::string& peer, const schemas::Done& done, std::int64_t now_us) {
  if (known(peer, now_us) == nullptr) return;
  for (const schemas::DoneJob& job : done.jobs) {
    const auto flight = flights_.find(job.token);
    if (flight == flights_.end() || flight->second.peer != peer || job.kind == schemas::DoneKind::kept) continue;
    if (job.kind == schemas::DoneKind::doubt) {
      // Looked up by the token: where the commit stood, the row is gone and this touches nothing.
      give_back(flight->second.job, "the commit's outcome was unknown", 0, false, false);
    } else {
      suspects_.erase(flight->second.job.key);
    }
    if (job.kind != schemas::DoneKind::settled) {
      hint_ = true;
      if (job.kind != schemas::DoneKind::rearmed) look_first_ = false;
    }
    land(flight);
  }
  for (const LeasedJob& job : done.minted)
    if (!flights_.contains(job.token)) fly(peer, job, false);
  consider(now_us);
}

std::int64_t Dispatch::back_off(int tries) {
  std::int64_t delay = rules_.backoff_ms;
  for (int i = 0; i < tries && delay < rules_.longest_backoff_ms; ++i) delay *= 2;
  delay = std::min(delay, rules_.longest_backoff_ms);
  return delay + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(delay / 4 + 1));
}

void Dispatch::failed(const std::string& peer, const schemas::Failed& failed, std::int64_t now_us) {
  if (known(peer, now_us) == nullptr) return;
  const auto flight = flights_.find(failed.token);
  if (flight == flights_.end() || flight->second.peer != peer) return;
  const LeasedJob job = flight->second.job;
  suspects_.erase(job.key);
  land(flight);
  const bool park = failed.fatal || job.tries + 1 >= rules_.most_tries;
  give_back(job, failed.reason, failed.retry_after_ms > 0 ? failed.retry_after_ms : back_off(job.tries), park, true);
  hint_ = true;
  look_first_ = true;
  consider(now_us);
}

void Dispatch::heard(const std::string& peer, std::int64_t now_us) {
  if (known(peer, now_us) != nullptr) send(peer, schemas::Heartbeat{});
}

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

void Dispatch::give_back(const LeasedJob& job, std::string reason, std::int64_t delay_ms, bool park, bool counts) {
  ledger::jobs::Failure failure{job.key, job.token, std::move(reason), delay_ms, park, counts};
  if (!actions_.empty())
    if (auto* last = std::get_if<GiveBack>(&actions_.back())) {
      last->failures.push_back(std::move(failure));
      return;
    }
  actions_.push_back(GiveBack{{std::move(failure)}});
}

void Dispatch::release(const std::string& client, const schemas::Release& release, std::int64_t now_us) {
  releasing_ = client;
  world_now_ = std::max(world_now_, release.world_at);
  ahead_.clear();
  for (const schemas::Ahead& ahead : release.ahead)
    if (ahead.world_at > world_now_) ahead_.push_back(ahead);
  hint_ = true;
  look_first_ = false;
  claim_after_us_ = 0;
  fruitless_ = 0;
  consider(now_us);
}

void Dispatch::enqueue(LeasedJob job) {
  ready_[job.shard][job.key.owner].push_back(std::move(job));
  ++queued_;
}

bool Dispatch::anyone_knows(const std::string& kind) const {
  return std::any_of(workers_.begin(), workers_.end(),
                     [&](const auto& entry) { return entry.second.capabilities.contains(kind); });
}

// Jobs that no worker here can do must not fill the queue: back they go for a while. Without any worker all wait.
void Dispatch::give_back_the_unknown() {
  worker_left_ = false;
  if (workers_.empty()) return;
  for (auto& [shard, queue] : ready_)
    for (auto& [owner, jobs] : queue)
      std::erase_if(jobs, [&](const LeasedJob& job) {
        if (anyone_knows(job.kind)) return false;
        give_back(job, "no worker here knows " + job.kind, rules_.unknown_kind_ms, false, false);
        --queued_;
        return true;
      });
}

bool Dispatch::wants_next_unheld(std::span<const LeasedJob> claimed) const {
  if (releasing_.empty() || ahead_.empty() || !flights_.empty() || claimed.empty()) return false;
  return std::none_of(claimed.begin(), claimed.end(), [this](const LeasedJob& job) {
    return job.is_event || std::any_of(workers_.begin(), workers_.end(),
                                       [&](const auto& worker) { return is_outside(worker.second, job); });
  });
}

void Dispatch::claimed(std::vector<LeasedJob> jobs, std::int64_t now_us, Instant next_unheld) {
  const bool alone = wants_next_unheld(jobs) && queued_ == 0 && next_unheld > world_now_;
  if (alone) alone_until_ = std::min(ahead_.back().world_at, Instant{next_unheld.us - 1});
  asked_ = false;
  hint_ = false;
  fruitless_ = jobs.empty() ? fruitless_ + 1 : 0;
  // A full answer: there may be more.
  if (jobs.size() >= static_cast<std::size_t>(claimed_at_most_)) hint_ = true;
  for (LeasedJob& job : jobs) enqueue(std::move(job));
  give_back_the_unknown();
  look_first_ = true;  // until something ends that was not merely re-armed
  consider(now_us);
  alone_until_ = {};
}

// Passes on to the world times that need nobody else, up to the first with work in it. False when none is left.
bool Dispatch::go_ahead(machines::Instant next_due) {
  while (!ahead_.empty() && next_due > ahead_.front().unless_due) {
    world_now_ = ahead_.front().world_at;
    ahead_.pop_front();
    if (next_due <= world_now_) return true;
  }
  return false;
}

void Dispatch::due_is(const ledger::jobs::Due& due, std::int64_t now_us) {
  asked_ = false;
  if (releasing_.empty()) return;
  if (!due.parked && due.next_due > world_now_ && go_ahead(due.next_due)) {
    hint_ = true;
    look_first_ = false;
    claim_after_us_ = 0;
    fruitless_ = 0;
    consider(now_us);
    return;
  }
  if (due.next_due > world_now_ || due.parked) {
    schemas::Released released{world_now_, due.parked.has_value(), due.parked.value_or(machines::JobKey{}),
                               due.parked_reason, due.next_due};
    send(std::exchange(releasing_, {}), released);
    hint_ = false;
    return;
  }
  // Something is open: claim it now, or when its back-off is over.
  look_first_ = false;
  hint_ = true;
  claim_after_us_ = due.next_run_us > 0 ? now_us + std::min(due.next_run_us, rules_.safety_poll_us) : 0;
  // Due, and yet not to be had: somebody else holds it; ask again ever more slowly.
  if (due.next_run_us == 0 && fruitless_ > 0)
    claim_after_us_ = now_us + std::min(std::int64_t{500} << std::min(fruitless_, 8), rules_.safety_poll_us);
  consider(now_us);
}

void Dispatch::leases_seen(const std::vector<LeasedJob>& jobs) {
  std::set<Token> queued;
  for (const auto& [shard, queue] : ready_)
    for (const auto& [owner, waiting] : queue)
      for (const LeasedJob& job : waiting) queued.insert(job.token);
  std::set<Token> unknown;
  for (const LeasedJob& job : jobs) {
    if (flights_.contains(job.token) || queued.contains(job.token)) continue;
    if (unknown_leases_.contains(job.token)) {
      give_back(job, "leased to nobody", 0, false, false);
      ++reissued_;
      hint_ = true;
    } else {
      unknown.insert(job.token);
    }
  }
  unknown_leases_ = std::move(unknown);
}

void Dispatch::tick(std::int64_t now_us) {
  std::vector<std::string> silent;
  for (const auto& [peer, worker] : workers_)
    if (now_us - worker.heard_us > rules_.ttl_us) silent.push_back(peer);
  for (const std::string& peer : silent) {
    lose(peer, {}, "its worker fell silent");
    hint_ = true;
  }
  if (now_us - last_claim_us_ >= rules_.safety_poll_us) hint_ = true;
  consider(now_us);
}

std::int64_t Dispatch::next_tick_us(std::int64_t now_us) const {
  std::int64_t next = now_us + rules_.safety_poll_us;
  if (claim_after_us_ > now_us) next = std::min(next, claim_after_us_);
  return next;
}

int Dispatch::free_credit() const {
  int free = 0;
  for (const auto& [peer, worker] : workers_)
    free += std::max(worker.pure_credit, 0) + std::max(worker.outside_credit, 0);
  return free;
}

int Dispatch::room() const {
  int free = 0;
  for (const auto& [peer, worker] : workers_) free += worker.pure_credit;
  return free - static_cast<int>(queued_);
}

// Hands out what waits, then decides whether to claim more, to ask what is due, or to do nothing.
void Dispatch::consider(std::int64_t now_us) {
  if (worker_left_) give_back_the_unknown();
  assign();
  if (asked_ || workers_.empty()) return;
  const bool idle = flights_.empty() && queued_ == 0;
  if (!releasing_.empty() && idle && look_first_) {
    asked_ = true;
    actions_.push_back(AskDue{world_now_});
    return;
  }
  // Half a claim's worth of room, or half of all credit where that is less: one slow job must not hold up the rest.
  const int credit = room() + static_cast<int>(queued_ + flights_.size());
  const bool worth = idle || room() >= std::max(std::min(rules_.claim_limit, credit) / 2, 1);
  if (!hint_ || !worth || (now_us > 0 && now_us < claim_after_us_) || (!releasing_.empty() && !idle && look_first_))
    return;
  asked_ = true;
  hint_ = false;
  last_claim_us_ = now_us;
  claimed_at_most_ = std::min(rules_.claim_limit, std::max(room(), 1));
  actions_.push_back(ClaimNow{claimed_at_most_});
}

std::size_t Dispatch::in_hand(int shard) const {
  std::size_t count = 0;
  if (const auto queue = ready_.find(shard); queue != ready_.end())
    for (const auto& [owner, jobs] : queue->second) count += jobs.size();
  for (const auto& [token, flight] : flights_) count += flight.job.shard == shard ? 1 : 0;
  return count;
}

schemas::BrokerView Dispatch::view(std::int64_t now_us) const {
  schemas::BrokerView view{broker_, epoch_, {}, dispatched_, reissued_, 0};
  for (const auto& [peer, worker] : workers_)
    view.workers.push_back({worker.name, static_cast<int>(worker.held.size()), (now_us - worker.heard_us) / 1000});
  return view;
}

}  // namespace brokers::dispatch
