// brokers/dispatch/worker_table.hpp: WorkerTable, the workers that are registered with a broker: their names, what each
// can do, how many jobs each will still take, what each holds, and when it was last heard. Pure: no clock (times are
// microseconds of a steady clock that the caller reads), no I/O, no throw; it knows tokens, not jobs. A peer is the
// address of a connection; a worker that connects anew has another one.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "brokers/dispatch/rules.hpp"
#include "machines/core/job.hpp"
#include "schemas/codec/messages.hpp"

namespace brokers::dispatch {

struct Worker {
  std::string name;
  machines::Token incarnation;  // of its process; empty: it did not say
  std::map<Machine, schemas::Capability> capabilities;
  int pure_credit = 0, outside_credit = 0;       // jobs that it still takes; below 0 while it holds more
  std::int64_t heard_us = 0;                     // the last time that anything was heard of it
  std::map<machines::Token, std::int64_t> held;  // its leases, and since when it has each
  std::map<machines::Token, bool> overdue;       // taken from it, and it has not let go yet; whether outside
  bool runs_alone = false;                       // what it holds must run alone
  bool drains = false;  // gets nothing new until its hands are empty: a job that must run alone waits for it

  // Whether it announced this command of this machine. An event is decided by any worker of its kind, whatever commands
  // it runs.
  [[nodiscard]] bool can_do(const Machine& machine, const std::string& command, bool is_event) const;
  // Whether it said that this command calls an outside party.
  [[nodiscard]] bool calls_out(const Machine& machine, const std::string& command) const;
  [[nodiscard]] bool is_outside(const machines::LeasedJob& job) const {
    return !job.is_event && calls_out(machine_of(job), job.command);
  }
  // Whether it has credit of the job's sort. A job that must run `alone` asks for empty hands as well.
  [[nodiscard]] bool can_take(const machines::LeasedJob& job, bool alone) const;
};

class WorkerTable {
 public:
  // ---- registration
  // The peers under which this worker is registered already: of its name, or over the same connection.
  [[nodiscard]] std::vector<std::string> earlier(const std::string& peer, const std::string& name) const;
  // The peer of another process that holds this name; empty when there is none. Only a worker that says which process
  // it is can be told from another.
  [[nodiscard]] std::string other_holder(const std::string& peer, const schemas::Ready& ready) const;
  // The worker as it announces itself. What was taken from it at its `earlier` peers and is still in its hands (in
  // `ready.held`) stays so, and takes its credit.
  [[nodiscard]] Worker announced(const schemas::Ready& ready, const std::vector<std::string>& earlier,
                                 std::int64_t now_us) const;
  // Registers it under the peer, in place of the worker that had the peer.
  void admit(const std::string& peer, Worker worker) { workers_[peer] = std::move(worker); }
  // False when no such worker is registered. What it held is the caller's to give back.
  bool remove(const std::string& peer) { return workers_.erase(peer) > 0; }

  // ---- liveness
  // Marks the peer's worker as heard; nullptr for a stranger. The pointer holds until the worker is removed.
  const Worker* heard(const std::string& peer, std::int64_t now_us);
  // The peers of which nothing was heard for longer than `ttl_us`.
  [[nodiscard]] std::vector<std::string> silent(std::int64_t now_us, std::int64_t ttl_us) const;
  // What a worker has had for longer than `ttl_us`, so that it must have read of it, and what was taken from it: 1,000
  // at most, those that it holds first.
  [[nodiscard]] static std::vector<machines::Token> should_hold(const Worker& worker, std::int64_t now_us,
                                                                std::int64_t ttl_us);

  // ---- hands: a job takes one hand of its worker, for pure work or for outside calls
  // The job is in its hands now. True when it takes a hand for outside calls. REQUIRES: the peer is registered.
  bool take(const std::string& peer, const machines::LeasedJob& job, bool alone, std::int64_t now_us);
  // The job has left its hands. Nothing happens where the worker is gone.
  void free(const std::string& peer, const machines::Token& token, bool outside, bool alone);
  // The job's lease is another's now, yet it stays in the worker's hands. REQUIRES: freed; the peer is registered.
  void keep_hand(const std::string& peer, const machines::Token& token, bool outside);
  // The worker has let go of a job that was taken from it: the hand is free. False when this was no such job.
  bool let_go(const std::string& peer, const machines::Token& token);
  // The least loaded worker that can take the job; for a job that runs alone one that holds nothing. Empty when there
  // is none.
  [[nodiscard]] std::string best_for(const machines::LeasedJob& job, bool alone) const;
  // Under a steady load no worker's hands would ever be empty: the least loaded one that can do the job gets nothing
  // new. Should another become less loaded, it takes over, closer to empty: so this ends.
  void drain_for(const machines::LeasedJob& job);
  // All get new jobs again.
  void drain_none();

  // ---- what they can do together
  [[nodiscard]] bool anyone_does(const Machine& machine, const std::string& command, bool is_event) const;
  [[nodiscard]] bool anyone_knows(const Machine& machine) const;
  // Whether to some worker this job is an outside call.
  [[nodiscard]] bool anyone_calls_out(const machines::LeasedJob& job) const;
  // Whether a worker that makes outside calls has no credit for them: without one, no lane waits for it.
  [[nodiscard]] bool outside_is_short() const;
  // Whether all that this command waits for is credit for outside calls: to all who can do it it is such a call, and
  // none of them has any left.
  [[nodiscard]] bool waits_outside(const Machine& machine, const std::string& command) const;
  // Jobs of either sort that they still take together.
  [[nodiscard]] int free_credit() const;
  // The sum of the credit for pure work; a worker that holds too much counts against the others.
  [[nodiscard]] int pure_credit() const;

  // ---- look-ups
  [[nodiscard]] bool is_empty() const { return workers_.empty(); }
  [[nodiscard]] std::size_t size() const { return workers_.size(); }
  [[nodiscard]] bool contains(const std::string& peer) const { return workers_.contains(peer); }
  // nullptr when nobody is registered under the peer.
  [[nodiscard]] const Worker* find(const std::string& peer) const;
  // REQUIRES: the peer is registered.
  [[nodiscard]] const Worker& at(const std::string& peer) const { return workers_.at(peer); }
  [[nodiscard]] bool has_name(std::string_view name) const;
  // By peer, in its order.
  [[nodiscard]] const std::map<std::string, Worker>& all() const { return workers_; }

 private:
  std::map<std::string, Worker> workers_;
};

}  // namespace brokers::dispatch
