#include <algorithm>

#include "brokers/dispatch/dispatch.hpp"

namespace brokers::dispatch {

using machines::LeasedJob;

bool Dispatch::waits_outside(const LaneKey& lane) const {
  const auto& [machine, command, is_event, place, alone] = lane;
  return !is_event && workers_.waits_outside(machine, command);
}

bool Dispatch::is_busy(const LeasedJob& job) const { return busy_.contains({job.key.owner, job.key.instance}); }

void Dispatch::fly(Flight flight) {
  flight.outside = workers_.take(flight.peer, flight.job, flight.alone, flight.since_us);
  ++busy_[{flight.job.key.owner, flight.job.key.instance}];
  limits_.fly(flight.budgets);
  if (flight.until_us > 0) deadlines_.emplace(flight.until_us, flight.job.token);
  const machines::Token token = flight.job.token;
  flights_[token] = std::move(flight);
}

// The first waiting job that must run alone and could, had a worker empty hands.
std::optional<LeasedJob> Dispatch::first_lone() const {
  std::optional<LeasedJob> first;
  if (suspects_.empty()) return first;
  backlog_.each([&](const LeasedJob& job) {
    if (!first && suspects_.contains(job.key) && !is_busy(job)) first = job;
  });
  return first;
}

void Dispatch::make_room_for_the_lone() {
  workers_.drain_none();
  if (const auto job = first_lone()) workers_.drain_for(*job);
}

namespace {

// The owner whose turn it is first, if it has any of it left; else the one after it.
std::vector<machines::OwnerId> in_turn(const Queue& queue) {
  std::vector<machines::OwnerId> owners;
  for (const auto& [owner, lanes] : queue.owners) owners.push_back(owner);
  if (!queue.turn) return owners;
  const auto first = queue.left > 0 ? std::lower_bound(owners.begin(), owners.end(), *queue.turn)
                                    : std::upper_bound(owners.begin(), owners.end(), *queue.turn);
  std::rotate(owners.begin(), first, owners.end());
  return owners;
}

std::size_t waiting_in(const Queue& queue) {
  std::size_t waiting = 0;
  for (const auto& [owner, lanes] : queue.owners)
    for (const auto& [key, lane] : lanes) waiting += lane.jobs.size();
  return waiting;
}

Lane* oldest(Lanes& lanes, const std::set<const Lane*>& blocked) {
  Lane* first = nullptr;
  for (auto& [key, lane] : lanes)
    if (!lane.jobs.empty() && !blocked.contains(&lane) &&
        (first == nullptr || lane.jobs.front().arrived < first->jobs.front().arrived))
      first = &lane;
  return first;
}

}  // namespace

// Puts an owner's oldest job that can go now into the parcel. False when none can.
bool Dispatch::take_one(Lanes& lanes, Parcel& parcel, std::int64_t now_us) {
  while (Lane* lane = oldest(lanes, parcel.blocked)) {
    LeasedJob& job = lane->jobs.front().job;
    const bool alone = suspects_.contains(job.key);
    const bool waits = is_busy(job) || (alone && !parcel.message.jobs.empty());
    if (!waits && limits_.may_go(lane->budgets, now_us)) {
      if (parcel.peer.empty()) parcel.peer = workers_.best_for(job, alone);
      if (!parcel.peer.empty() && workers_.at(parcel.peer).can_take(job, alone)) {
        limits_.spend(lane->budgets, now_us);
        const std::int64_t within_us = deadline_of(job);
        fly({job, parcel.peer, false, alone, lane->budgets, within_us > 0 ? now_us + within_us : 0, now_us});
        parcel.message.jobs.push_back(std::move(job));
        lane->jobs.pop_front();
        const Worker& worker = workers_.at(parcel.peer);
        parcel.full = alone || parcel.message.jobs.size() >= parcel.most ||
                      (worker.pure_credit <= 0 && worker.outside_credit <= 0);
        return true;
      }
    }
    if (waits || alone) {  // this job alone; those behind it may go
      parcel.aside.emplace_back(lane, std::move(lane->jobs.front()));
      lane->jobs.pop_front();
    } else {
      parcel.blocked.insert(lane);
    }
  }
  return false;
}

// Fills one message for one worker from the jobs of a shard, its owners in turn by their weights. How many it sent.
std::size_t Dispatch::assign_shard(Queue& queue, std::size_t most, std::int64_t now_us) {
  // Few go together in one round trip; a backlog is spread.
  const std::size_t waiting = waiting_in(queue);
  Parcel parcel;
  parcel.most = waiting <= static_cast<std::size_t>(rules_.few_jobs)
                    ? std::min(waiting, std::max(most, static_cast<std::size_t>(1)))
                    : std::min(most, (waiting + workers_.size() - 1) / workers_.size());
  for (bool moved = true; moved && !parcel.full;) {
    moved = false;
    for (const machines::OwnerId owner : in_turn(queue)) {
      // Whose turn it is changes only with a job that goes: who must wait for credit has not had it.
      int left = queue.turn == owner && queue.left > 0 ? queue.left : backlog_.weight_of(owner);
      while (left > 0 && !parcel.full && take_one(queue.owners[owner], parcel, now_us)) {
        queue.turn = owner;
        queue.left = --left;
        moved = true;
      }
      if (parcel.full) break;
    }
  }
  for (auto one = parcel.aside.rbegin(); one != parcel.aside.rend(); ++one)
    one->first->jobs.push_front(std::move(one->second));
  Backlog::drop_the_empty(queue);
  const std::size_t sent = parcel.message.jobs.size();
  if (sent == 0) return 0;
  backlog_.took(sent);
  dispatched_ += static_cast<std::int64_t>(sent);
  last_shard_ = parcel.message.jobs.front().shard;
  if (queued() == 0 && flights_.size() == sent) parcel.message.alone_until = alone_until_;
  send(parcel.peer, std::move(parcel.message));
  return sent;
}

// One message from each of a level's shards, the one after the shard served last first. A shard whose owners weigh less
// together gets smaller ones.
std::size_t Dispatch::assign_level(const LevelTurn& turn, std::int64_t now_us) {
  auto& queues = backlog_.levels().at(turn.level);
  std::vector<int> shards;
  int heaviest = 1;
  for (const auto& [shard, queue] : queues)
    if (!queue.owners.empty()) {
      shards.push_back(shard);
      heaviest = std::max(heaviest, backlog_.weight_of(queue));
    }
  std::rotate(shards.begin(), std::upper_bound(shards.begin(), shards.end(), last_shard_), shards.end());
  std::size_t sent = 0;
  for (const int shard : shards) {
    if (sent >= turn.most) break;
    Queue& queue = queues.at(shard);
    const int share = std::max(rules_.message_jobs * backlog_.weight_of(queue) / heaviest, 1);
    sent += assign_shard(queue, std::min(turn.most - sent, static_cast<std::size_t>(share)), now_us);
  }
  return sent;
}

// Whose turn it is: the highest level that waits and is not stuck, unless it has had its run while lower ones waited.
std::optional<Dispatch::LevelTurn> Dispatch::next_level(const std::set<int>& stuck) {
  std::vector<int> waiting;
  for (const auto& [level, shards] : backlog_.levels())
    if (!stuck.contains(level) &&
        std::any_of(shards.begin(), shards.end(), [](const auto& one) { return !one.second.owners.empty(); }))
      waiting.push_back(level);
  for (std::size_t at = 0; at < waiting.size(); ++at) {
    const Run& run = runs_[waiting[at]];
    const bool has_lower = at + 1 < waiting.size();
    const std::size_t of_turn = at > 0 ? static_cast<std::size_t>(rules_.lower_turn - run.passed) : SIZE_MAX;
    if (!has_lower) return LevelTurn{waiting[at], of_turn, at > 0, false};
    if (run.sent < rules_.urgent_run)
      return LevelTurn{waiting[at], std::min(of_turn, static_cast<std::size_t>(rules_.urgent_run - run.sent)), at > 0,
                       true};
  }
  return std::nullopt;
}

// A level that could not send keeps its turn: it may only have waited for credit.
void Dispatch::count_turn(const LevelTurn& turn, std::size_t sent) {
  if (sent == 0) return;
  Run& run = runs_[turn.level];
  run.sent = turn.has_lower ? run.sent + static_cast<int>(sent) : 0;
  if (!turn.passed_over) return;
  run.passed += static_cast<int>(sent);
  if (run.passed < rules_.lower_turn) return;
  run.passed = 0;
  for (auto& [level, other] : runs_)
    if (level > turn.level) other.sent = 0;
}

// Level by level, until nothing more can be handed out.
void Dispatch::assign(std::int64_t now_us) {
  make_room_for_the_lone();
  for (std::set<int> stuck; queued() > 0 && workers_.free_credit() > 0;) {
    const auto turn = next_level(stuck);
    if (!turn) break;
    const std::size_t sent = assign_level(*turn, now_us);
    count_turn(*turn, sent);
    if (sent == 0) stuck.insert(turn->level);
  }
  const bool is_short = workers_.outside_is_short();
  if (rules_.limits.empty() && !is_short && backlog_.held_back() == 0) return;
  std::map<std::tuple<std::string_view, int, std::string_view, bool>, bool> known;  // the same for all owners
  backlog_.hold_back(limits_, now_us, [&](const LaneKey& lane) {
    const auto& [machine, command, is_event, place, alone] = lane;
    if (!is_short) return false;
    const auto [found, is_new] = known.try_emplace({machine.first, machine.second, command, is_event});
    if (is_new) found->second = waits_outside(lane);
    return found->second;
  });
}

}  // namespace brokers::dispatch
