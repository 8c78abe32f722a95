#include "brokers/dispatch/dispatch.hpp"

#include <algorithm>

namespace brokers::dispatch {

using machines::GiveUpCode;
using machines::Instant;
using machines::LeasedJob;
using machines::Token;

constexpr std::size_t most_held = 10'000;             // by one worker; what it hands itself beyond is nobody's lease
constexpr std::int64_t longest_wait_ms = 86'400'000;  // that a worker may ask for

void Dispatch::send(const std::string& peer, schemas::Message message) {
  actions_.push_back(Send{peer, std::move(message)});
}

std::vector<Action> Dispatch::take_actions() { return std::exchange(actions_, {}); }

// The worker behind a peer, marked as heard; a stranger is told to register again.
const Worker* Dispatch::known(const std::string& peer, std::int64_t now_us) {
  const Worker* worker = workers_.heard(peer, now_us);
  if (worker == nullptr) send(peer, schemas::Refused{"register again"});
  return worker;
}

void Dispatch::ready(const std::string& peer, const schemas::Ready& ready, std::int64_t now_us) {
  if (ready.wire != schemas::wire_version) {
    send(peer, schemas::Refused{"wire version " + std::to_string(ready.wire) + ", this broker speaks " +
                                std::to_string(schemas::wire_version)});
    return;
  }
  if (refuse_second(peer, ready)) return consider(now_us);
  acquit(ready.incarnation);
  const std::set<Token> held(ready.held.begin(), ready.held.end());
  const std::vector<std::string> earlier = workers_.earlier(peer, ready.worker);
  Worker fresh = workers_.announced(ready, earlier, now_us);
  std::vector<Flight> kept;
  for (auto& [token, flight] : flights_)
    if (held.contains(token) && std::find(earlier.begin(), earlier.end(), flight.peer) != earlier.end())
      kept.push_back(flight);
  // It asks again, perhaps before it has read what was assigned to it, or over a fresh socket: nobody died.
  for (const std::string& old : earlier) lose(old, held, "its worker registered again without it", Loss::alive);
  workers_.admit(peer, std::move(fresh));
  std::erase_if(unable_, [this](const auto& one) {
    return workers_.anyone_does(std::get<0>(one.first), std::get<1>(one.first), std::get<2>(one.first));
  });
  for (Flight& flight : kept) {
    flight.peer = peer;
    fly(std::move(flight));  // since when, it keeps: READY named it
  }
  send(peer, schemas::Welcome{rules_.heartbeat_us / 1000, rules_.ttl_us / 1000});
  pace_.hint();
  consider(now_us);
}

void Dispatch::land(std::map<Token, Flight>::iterator flight) {
  limits_.land(flight->second.budgets);
  deadlines_.erase({flight->second.until_us, flight->first});
  workers_.free(flight->second.peer, flight->first, flight->second.outside, flight->second.alone);
  const auto busy = busy_.find({flight->second.job.key.owner, flight->second.job.key.instance});
  if (--busy->second == 0) busy_.erase(busy);
  flights_.erase(flight);
}

void Dispatch::done(const std::string& peer, const schemas::Done& done, std::int64_t now_us) {
  if (known(peer, now_us) == nullptr) return;
  for (const schemas::DoneJob& job : done.jobs) {
    const auto flight = flights_.find(job.token);
    if (job.kind != schemas::DoneKind::kept && workers_.let_go(peer, job.token)) continue;
    if (flight == flights_.end() || flight->second.peer != peer || job.kind == schemas::DoneKind::kept) continue;
    if (job.kind == schemas::DoneKind::doubt) {
      // Looked up by the token: where the commit stood, the row is gone and this touches nothing.
      give_back(flight->second.job, "the commit's outcome was unknown", 0, false, false);
    } else {
      suspects_.erase(flight->second.job.key);
    }
    if (job.kind != schemas::DoneKind::settled) pace_.ended(job.kind == schemas::DoneKind::rearmed);
    land(flight);
  }
  for (const LeasedJob& job : done.minted)
    if (!flights_.contains(job.token) && workers_.at(peer).held.size() < most_held) {
      auto budgets = limits_.budgets_of(job.kind, job.command, job.key.owner, {}, now_us);
      const std::int64_t within_us = deadline_of(job);
      fly({job, peer, false, false, std::move(budgets), within_us > 0 ? now_us + within_us : 0, now_us});
    }
  consider(now_us);
}

void Dispatch::failed(const std::string& peer, const schemas::Failed& failed, std::int64_t now_us) {
  if (known(peer, now_us) == nullptr) return;
  const auto flight = flights_.find(failed.token);
  if (workers_.let_go(peer, failed.token)) return consider(now_us);
  if (flight == flights_.end() || flight->second.peer != peer) return;
  const LeasedJob job = flight->second.job;
  suspects_.erase(job.key);
  land(flight);
  const RetryRule& rule = rules_.retry.of(failed.error);
  const std::int64_t wait = failed.retry_after_ms > 0 ? std::min(failed.retry_after_ms, longest_wait_ms)
                                                      : wait_ms(rule, job.tries, random_());
  // Who waits has not tried: for a key that the venue takes, or for a word, it goes on once that has come, however
  // late.
  const bool waits = failed.waits || failed.error == machines::CallError::fatal_auth;
  const bool counts = failed.fatal || !waits;
  const std::string_view word = is_wait(failed.code) ? machines::name_of(failed.code) : machines::name_of(failed.error);
  give_back(job, failed.reason, wait, failed.fatal || (counts && is_last(rule, job.tries)), counts, std::string(word));
  pace_.failed();
  consider(now_us);
}

void Dispatch::heard(const std::string& peer, std::int64_t now_us) {
  if (const Worker* worker = known(peer, now_us))
    send(peer, schemas::Heartbeat{WorkerTable::should_hold(*worker, now_us, rules_.ttl_us)});
}

void Dispatch::give_back(const LeasedJob& job, std::string reason, std::int64_t delay_ms, bool park, bool counts,
                         std::string error_class) {
  ledger::jobs::Failure failure{job.key, job.token, std::move(reason), delay_ms, park, counts, std::move(error_class)};
  if (!actions_.empty())
    if (auto* last = std::get_if<GiveBack>(&actions_.back())) {
      last->failures.push_back(std::move(failure));
      return;
    }
  actions_.push_back(GiveBack{{std::move(failure)}});
}

void Dispatch::release(const std::string& client, const schemas::Release& release, std::int64_t now_us) {
  releasing_ = client;
  pass_to(release.world_at, now_us);
  ahead_.clear();
  for (const schemas::Ahead& ahead : release.ahead)
    if (ahead.world_at > world_now_) ahead_.push_back(ahead);
  pace_.world_was_released();
  consider(now_us);
}

// World time never goes back.
void Dispatch::pass_to(Instant world_at, std::int64_t now_us) {
  if (world_at <= world_now_) return;
  world_now_ = world_at;
  world_since_us_ = now_us;
}

void Dispatch::world_has_come(Instant world_at, std::int64_t now_us) {
  if (world_at <= world_now_) return;
  pass_to(world_at, now_us);
  pace_.world_has_come();
  consider(now_us);
}

// Jobs that no worker here can do must not fill the queue: back they go for a while. Without any worker all wait.
std::size_t Dispatch::give_back_the_unknown() {
  worker_left_ = false;
  if (workers_.is_empty()) return 0;
  const auto jobs = backlog_.take_lanes_if([this](const LaneKey& lane) {
    const auto& [machine, command, is_event, place, alone] = lane;
    return !workers_.anyone_does(machine, command, is_event);
  });
  std::map<std::tuple<Machine, std::string, bool>, int> counts;
  for (const LeasedJob& job : jobs) {
    const bool is_known = workers_.anyone_knows(machine_of(job));
    give_back(job,
              "no worker here knows " + job.kind + " v" + std::to_string(job.machine_version) +
                  (is_known ? " " + job.command : ""),
              rules_.unknown_kind_ms, false, false, std::string(machines::name_of(GiveUpCode::no_worker_knows)));
    ++counts[{machine_of(job), job.command, job.is_event}];
  }
  for (const auto& [what, count] : counts) unable_[what] = {count, now_us_};
  return jobs.size();
}

bool Dispatch::wants_place(const LeasedJob& job) const {
  return !job.is_event && limits_.needs_place(job.kind, job.command) && workers_.anyone_calls_out(job);
}

// What could not leave for a long time makes room for others: it comes back when its turn is near.
std::size_t Dispatch::give_back_the_surplus(std::int64_t now_us) {
  constexpr std::int64_t least_ms = 100, longest_ms = 3'600'000;
  const auto most = static_cast<std::size_t>(rules_.most_limited);
  const auto taken =
      backlog_.take_surplus(most, limits_, now_us, [this](const LaneKey& lane) { return waits_outside(lane); });
  for (const auto& surplus : taken) {
    if (!surplus.is_limited) {
      give_back(surplus.job, "waits for a worker's outside credit", rules_.outside_wait_ms, false, false,
                std::string(machines::name_of(GiveUpCode::waits_for_credit)));
      continue;
    }
    const std::int64_t turn_us = limits_.take_turn_us(surplus.budgets, most, now_us, now_us + longest_ms * 1000);
    give_back(surplus.job, "waits for a limit", std::max((turn_us - now_us) / 1000, least_ms), false, false,
              std::string(machines::name_of(GiveUpCode::waits_for_limit)));
  }
  return taken.size();
}

bool Dispatch::wants_next_unheld(std::span<const LeasedJob> claimed) const {
  if (releasing_.empty() || ahead_.empty() || !flights_.empty() || claimed.empty()) return false;
  return std::none_of(claimed.begin(), claimed.end(),
                      [this](const LeasedJob& job) { return job.is_event || workers_.anyone_calls_out(job); });
}

void Dispatch::claimed(std::vector<LeasedJob> jobs, std::int64_t now_us, Instant next_unheld,
                       const std::map<machines::JobKey, Place>& places) {
  now_us_ = now_us;
  const bool alone = wants_next_unheld(jobs) && queued() == 0 && next_unheld > world_now_;
  if (alone) alone_until_ = std::min(ahead_.back().world_at, Instant{next_unheld.us - 1});
  const std::size_t brought = jobs.size();
  for (LeasedJob& job : jobs) {
    const auto place = places.find(job.key);
    const bool is_suspect = suspects_.contains(job.key);
    backlog_.add(std::move(job), place == places.end() ? Place{} : place->second, is_suspect, limits_, now_us);
  }
  const std::size_t went_back = give_back_the_unknown() + give_back_the_surplus(now_us);
  pace_.claimed(brought, went_back, now_us);
  consider(now_us);
  alone_until_ = {};
}

// Passes on to the world times that need nobody else, up to the first with work in it. False when none is left.
bool Dispatch::go_ahead(machines::Instant next_due) {
  while (!ahead_.empty() && next_due > ahead_.front().unless_due) {
    pass_to(ahead_.front().world_at, now_us_);
    ahead_.pop_front();
    if (next_due <= world_now_) return true;
  }
  return false;
}

void Dispatch::due_is(const ledger::jobs::Due& due, std::int64_t now_us) {
  pace_.due_answered();
  if (releasing_.empty()) return;
  if (!due.parked && due.next_due > world_now_ && go_ahead(due.next_due)) {
    pace_.world_was_released();
    consider(now_us);
    return;
  }
  if (due.next_due > world_now_ || due.parked) {
    schemas::Released released{world_now_, due.parked.has_value(), due.parked.value_or(machines::JobKey{}),
                               due.parked_reason, due.next_due};
    send(std::exchange(releasing_, {}), released);
    pace_.nothing_is_due();
    return;
  }
  // Something is open: claim it now, or when its back-off is over.
  pace_.something_is_due(due.next_run_us, now_us);
  consider(now_us);
}

void Dispatch::leases_seen(std::span<const int> shards, std::span<const LeasedJob> jobs) {
  std::set<Token> rows;
  for (const LeasedJob& job : jobs) rows.insert(job.token);
  land_the_gone(shards, rows);
  std::set<Token> queued;
  backlog_.each([&](const LeasedJob& job) { queued.insert(job.token); });
  std::set<Token> unknown;
  for (const LeasedJob& job : jobs) {
    if (flights_.contains(job.token) || queued.contains(job.token)) continue;
    if (unknown_leases_.contains(job.token)) {
      give_back(job, "leased to nobody", 0, false, false);
      ++reissued_;
      pace_.hint();
    } else {
      unknown.insert(job.token);
    }
  }
  unknown_leases_ = std::move(unknown);
}

// A flight whose row no longer carries its token is over, whatever became of the worker's word of it.
void Dispatch::land_the_gone(std::span<const int> shards, const std::set<Token>& rows) {
  std::set<Token> gone;
  for (auto next = flights_.begin(); next != flights_.end();) {
    const auto flight = next++;
    if (rows.contains(flight->first) || std::ranges::find(shards, flight->second.job.shard) == shards.end()) continue;
    if (!gone_leases_.contains(flight->first)) {
      gone.insert(flight->first);
      continue;
    }
    land(flight);
    pace_.hint();
  }
  gone_leases_ = std::move(gone);
}

void Dispatch::tick(std::int64_t now_us) {
  lose_the_silent(now_us);
  take_the_overdue(now_us);
  pace_.poll(now_us);
  consider(now_us);
}

std::int64_t Dispatch::next_tick_us(std::int64_t now_us) const {
  std::int64_t next = std::min(pace_.next_us(now_us), limits_.next_us(now_us));
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
  return next;
}

// Hands out what waits, then decides whether to claim more, to ask what is due, or to do nothing.
void Dispatch::consider(std::int64_t now_us) {
  now_us_ = now_us;
  limits_.begin(now_us);
  if (worker_left_) give_back_the_unknown();
  assign(now_us);
  if (workers_.is_empty()) return;
  const auto next = pace_.next(load(), now_us);
  switch (next.question) {
    case ClaimPace::Question::none:
      return;
    case ClaimPace::Question::ask_due:
      actions_.push_back(AskDue{world_now_});
      return;
    case ClaimPace::Question::claim:
      actions_.push_back(ClaimNow{next.limit, false, urgent(now_us), rules_.fair_owners, rules_.fair_jobs});
      return;
    case ClaimPace::Question::claim_urgent:
      claim_urgent(now_us);
      return;
  }
}

ClaimPace::Load Dispatch::load() const {
  return {static_cast<int>(queued()), static_cast<int>(backlog_.held_back()), static_cast<int>(flights_.size()),
          workers_.pure_credit(), !releasing_.empty()};
}

// The commands that go before all that no rule names, but for those of which enough wait here already. What a limit
// holds back is not in the way: it goes back by itself, and others' jobs of that command may be free to go.
std::vector<Match> Dispatch::urgent(std::int64_t now_us) const {
  const auto most = static_cast<std::size_t>(rules_.most_limited);
  std::vector<Match> matches;
  for (const Priority& rule : rules_.priorities)
    if (rule.level > 0 && !backlog_.has_long_lane(rule.match, most, limits_, now_us)) matches.push_back(rule.match);
  return matches;
}

void Dispatch::claim_urgent(std::int64_t now_us) {
  auto matches = urgent(now_us);
  if (matches.empty()) return pace_.withdraw();
  actions_.push_back(ClaimNow{rules_.fair_jobs, true, std::move(matches), 0, rules_.fair_jobs});
}

std::size_t Dispatch::in_hand(int shard) const {
  std::size_t count = 0;
  backlog_.each([&](const machines::LeasedJob& job) { count += job.shard == shard ? 1 : 0; });
  for (const auto& [token, flight] : flights_) count += flight.job.shard == shard ? 1 : 0;
  return count;
}

schemas::BrokerView Dispatch::view(std::int64_t now_us) const {
  schemas::BrokerView view{broker_, epoch_, {}, dispatched_, reissued_, 0};
  for (const auto& [peer, worker] : workers_.all())
    view.workers.push_back({worker.name, static_cast<int>(worker.held.size()), (now_us - worker.heard_us) / 1000});
  view.limits = limits_.view(now_us);
  // What was not seen at the last few looks is done elsewhere, or gone.
  for (const auto& [what, seen] : unable_)
    if (now_us - seen.seen_us <= 3 * (rules_.unknown_kind_ms * 1000 + rules_.safety_poll_us))
      view.unable.push_back({std::get<0>(what).first, std::get<1>(what), seen.jobs});
  view.overdue = overdue_;
  view.world_now = world_now_;
  view.world_ms = world_now_.us == 0 ? 0 : (now_us - world_since_us_) / 1000;
  return view;
}

}  // namespace brokers::dispatch
