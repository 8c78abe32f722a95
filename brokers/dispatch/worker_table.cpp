#include "brokers/dispatch/worker_table.hpp"

#include <algorithm>

namespace brokers::dispatch {

using machines::LeasedJob;
using machines::Token;

bool Worker::can_do(const Machine& machine, const std::string& command, bool is_event) const {
  const auto found = capabilities.find(machine);
  if (found == capabilities.end()) return false;
  const auto& commands = found->second.commands;
  return is_event || commands.empty() || std::find(commands.begin(), commands.end(), command) != commands.end();
}

bool Worker::calls_out(const Machine& machine, const std::string& command) const {
  const auto found = capabilities.find(machine);
  if (found == capabilities.end()) return false;
  const auto& commands = found->second.outside_commands;
  return std::find(commands.begin(), commands.end(), command) != commands.end();
}

bool Worker::can_take(const LeasedJob& job, bool alone) const {
  if (runs_alone || !can_do(machine_of(job), job.command, job.is_event)) return false;
  if (alone ? !held.empty() : drains) return false;
  return is_outside(job) ? outside_credit > 0 : pure_credit > 0;
}

std::vector<std::string> WorkerTable::earlier(const std::string& peer, const std::string& name) const {
  std::vector<std::string> peers;
  for (const auto& [other, worker] : workers_)
    if (worker.name == name || other == peer) peers.push_back(other);
  return peers;
}

std::string WorkerTable::other_holder(const std::string& peer, const schemas::Ready& ready) const {
  if (ready.incarnation.is_empty()) return {};
  for (const auto& [other, worker] : workers_) {
    if (other == peer || worker.name != ready.worker) continue;
    if (!worker.incarnation.is_empty() && worker.incarnation != ready.incarnation) return other;
  }
  return {};
}

Worker WorkerTable::announced(const schemas::Ready& ready, const std::vector<std::string>& earlier,
                              std::int64_t now_us) const {
  Worker fresh;
  fresh.name = ready.worker;
  fresh.incarnation = ready.incarnation;
  for (const auto& capability : ready.capabilities)
    fresh.capabilities[{capability.kind, capability.version}] = capability;
  fresh.pure_credit = ready.pure_credit;
  fresh.outside_credit = ready.outside_credit;
  fresh.heard_us = now_us;
  const std::set<Token> held(ready.held.begin(), ready.held.end());
  for (const std::string& old : earlier)
    for (const auto& [token, outside] : workers_.at(old).overdue)
      if (held.contains(token) && fresh.overdue.emplace(token, outside).second)
        --(outside ? fresh.outside_credit : fresh.pure_credit);
  return fresh;
}

const Worker* WorkerTable::heard(const std::string& peer, std::int64_t now_us) {
  const auto found = workers_.find(peer);
  if (found == workers_.end()) return nullptr;
  found->second.heard_us = now_us;
  return &found->second;
}

std::vector<std::string> WorkerTable::silent(std::int64_t now_us, std::int64_t ttl_us) const {
  std::vector<std::string> peers;
  for (const auto& [peer, worker] : workers_)
    if (now_us - worker.heard_us > ttl_us) peers.push_back(peer);
  return peers;
}

std::vector<Token> WorkerTable::should_hold(const Worker& worker, std::int64_t now_us, std::int64_t ttl_us) {
  constexpr std::size_t most = 1'000;  // in one message; the rest once these have ended
  std::vector<Token> tokens;
  for (const auto& [token, since_us] : worker.held)
    if (now_us - since_us > ttl_us && tokens.size() < most) tokens.push_back(token);
  for (const auto& [token, outside] : worker.overdue)
    if (tokens.size() < most) tokens.push_back(token);
  return tokens;
}

bool WorkerTable::take(const std::string& peer, const LeasedJob& job, bool alone, std::int64_t now_us) {
  Worker& worker = workers_.at(peer);
  const bool outside = worker.is_outside(job);
  --(outside ? worker.outside_credit : worker.pure_credit);
  worker.held.emplace(job.token, now_us);
  worker.runs_alone = worker.runs_alone || alone;
  return outside;
}

void WorkerTable::free(const std::string& peer, const Token& token, bool outside, bool alone) {
  const auto found = workers_.find(peer);
  if (found == workers_.end()) return;
  Worker& worker = found->second;
  ++(outside ? worker.outside_credit : worker.pure_credit);
  worker.held.erase(token);
  if (alone) worker.runs_alone = false;
}

void WorkerTable::keep_hand(const std::string& peer, const Token& token, bool outside) {
  Worker& worker = workers_.at(peer);
  --(outside ? worker.outside_credit : worker.pure_credit);
  worker.overdue[token] = outside;
}

bool WorkerTable::let_go(const std::string& peer, const Token& token) {
  const auto found = workers_.find(peer);
  if (found == workers_.end()) return false;
  Worker& worker = found->second;
  const auto overdue = worker.overdue.find(token);
  if (overdue == worker.overdue.end()) return false;
  ++(overdue->second ? worker.outside_credit : worker.pure_credit);
  worker.overdue.erase(overdue);
  return true;
}

std::string WorkerTable::best_for(const LeasedJob& job, bool alone) const {
  std::string best;
  std::size_t least = SIZE_MAX;
  for (const auto& [peer, worker] : workers_) {
    if (!worker.can_take(job, alone) || worker.held.size() >= least) continue;
    best = peer;
    least = worker.held.size();
  }
  return best;
}

void WorkerTable::drain_for(const LeasedJob& job) {
  Worker* least = nullptr;
  for (auto& [peer, worker] : workers_)
    if (!worker.runs_alone && worker.can_do(machine_of(job), job.command, job.is_event) &&
        (least == nullptr || worker.held.size() < least->held.size()))
      least = &worker;
  if (least != nullptr) least->drains = true;
}

void WorkerTable::drain_none() {
  for (auto& [peer, worker] : workers_) worker.drains = false;
}

bool WorkerTable::anyone_does(const Machine& machine, const std::string& command, bool is_event) const {
  return std::ranges::any_of(workers_,
                             [&](const auto& entry) { return entry.second.can_do(machine, command, is_event); });
}

bool WorkerTable::anyone_knows(const Machine& machine) const {
  return std::ranges::any_of(workers_, [&](const auto& entry) { return entry.second.capabilities.contains(machine); });
}

bool WorkerTable::anyone_calls_out(const LeasedJob& job) const {
  return std::ranges::any_of(workers_, [&](const auto& entry) { return entry.second.is_outside(job); });
}

bool WorkerTable::outside_is_short() const {
  return std::ranges::any_of(workers_, [](const auto& entry) {
    const Worker& worker = entry.second;
    return worker.outside_credit <= 0 && std::ranges::any_of(worker.capabilities, [](const auto& capability) {
             return !capability.second.outside_commands.empty();
           });
  });
}

bool WorkerTable::waits_outside(const Machine& machine, const std::string& command) const {
  bool waits = false;
  for (const auto& [peer, worker] : workers_) {
    if (!worker.can_do(machine, command, false)) continue;
    if (worker.outside_credit > 0 || !worker.calls_out(machine, command)) return false;
    waits = true;
  }
  return waits;
}

int WorkerTable::free_credit() const {
  int free = 0;
  for (const auto& [peer, worker] : workers_)
    free += std::max(worker.pure_credit, 0) + std::max(worker.outside_credit, 0);
  return free;
}

int WorkerTable::pure_credit() const {
  int free = 0;
  for (const auto& [peer, worker] : workers_) free += worker.pure_credit;
  return free;
}

const Worker* WorkerTable::find(const std::string& peer) const {
  const auto found = workers_.find(peer);
  return found == workers_.end() ? nullptr : &found->second;
}

bool WorkerTable::has_name(std::string_view name) const {
  return std::ranges::any_of(workers_, [&](const auto& one) { return one.second.name == name; });
}

}  // namespace brokers::dispatch
