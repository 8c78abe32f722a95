// workers/harness/executor.hpp: what a worker holds and what it makes of it: groups, decisions, hand-over, what each
// outcome of a commit means. The harness carries jobs, facts and answers in, and steps, calls and words out;
// tests/simulation runs the same code under a clock and faults of its own. No I/O, no clock of its own, no throw. One
// thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "workers/handlers/handler.hpp"
#include "workers/harness/look_ahead.hpp"

namespace workers::harness {

using Handlers = std::vector<std::unique_ptr<handlers::Handler>>;

// A job in hand: fresh, or with the answer to the call that it made.
struct Work {
  machines::LeasedJob job;
  std::optional<handlers::Answer> answer;
  std::int64_t came_us = 0;       // steady clock
  int eager = 0;                  // how many follow-ups in a row led here
  machines::Instant alone_until;  // up to here nothing else is open; 0: not known
};

// A decided step and the work it came from.
struct Decided {
  Work work;
  machines::Step step;
  std::optional<schemas::VenueMessage> then_call;
};

// A call to make for a job that stays in hand until its answer. A write leaves before `send_by_us`, or never.
struct CallOut {
  machines::LeasedJob job;
  schemas::VenueMessage request;
  std::optional<std::int64_t> send_by_us;
};

// The answer to a broker that takes us to hold the leases it `named`: those of them that are not in `held`.
schemas::HandedBack not_held(std::span<const machines::Token> named, std::vector<machines::Token> held);

using CommitSteps = std::function<ledger::Stored<std::vector<machines::StepResult>>(
    int shard, std::int64_t epoch, std::span<const machines::Step> steps)>;

struct ExecutorRules {
  int group_steps = 100;                                       // steps per commit call at most
  int most_looks = 64;                                         // world times in one lease where nothing else is open
  int most_eager = 16;                                         // follow-ups in a row that a worker keeps to itself
  std::int64_t send_deadline_ms = handlers::send_deadline_ms;  // from a job's coming to its request's leaving
};

class Executor {
 public:
  // `steady_us` is asked when a job comes and when a request is about to leave. REQUIRES: fresh_token never repeats
  // itself.
  Executor(ExecutorRules rules, std::function<std::int64_t()> steady_us, std::function<machines::Token()> fresh_token)
      : rules_(rules), steady_us_(std::move(steady_us)), fresh_token_(std::move(fresh_token)) {}

  void learn(Handlers handlers) { handlers_ = std::move(handlers); }
  // From here on no follow-up is kept.
  void stop_minting() { mints_ = false; }
  // Asked before anything is written or sent for the sake of a call: why none may be made now; nothing where one may.
  void guard_calls(std::function<std::optional<handlers::GiveUp>()> why_not) { why_not_ = std::move(why_not); }

  // ---- what came
  void assigned(const schemas::Assign& assign);
  // What the venue said, or did not say in time: work again, at the head of the queue.
  void answered(machines::LeasedJob job, handlers::Answer answer);
  // The job's call can't be made, or the job can't be done.
  void fail(const machines::LeasedJob& job, const handlers::GiveUp& why);

  // ---- one group
  // Takes the works of the first one's shard and epoch, and decides each from its facts. `calls_out`: a call of ours
  // is on its way. Errors: as `read`, but refused (then each job fails); all works are back where they were.
  ledger::Stored<std::vector<Decided>> decide_group(const ReadFacts& read, bool calls_out);
  // In one call, or, where PostgreSQL refuses a whole call, one by one. Whatever comes of it is in take_*(). Returns
  // what was in doubt, in words; empty when nothing was.
  std::string commit(std::vector<Decided> decided, const CommitSteps& commit);

  // ---- what to do and say then
  std::vector<CallOut> take_calls() { return std::exchange(calls_, {}); }
  schemas::Done take_done() { return std::exchange(done_, {}); }
  std::vector<schemas::Failed> take_failures() { return std::exchange(failures_, {}); }
  // Some job's facts were not enough: the handlers are to be made anew.
  bool take_stale_handlers() { return std::exchange(stale_handlers_, false); }

  [[nodiscard]] std::size_t waiting() const { return queue_.size(); }
  [[nodiscard]] bool was_full() const { return was_full_; }  // the last group, or nearly
  // The leases of what waits here.
  [[nodiscard]] std::vector<machines::Token> held() const;
  [[nodiscard]] std::vector<schemas::Capability> capabilities() const;
  // Takes from the queue what has not begun, or all; returns the leases.
  std::vector<machines::Token> put_aside(bool all);
  // Those of these that have not begun.
  std::vector<machines::Token> put_aside(std::span<const machines::Token> revoked);

 private:
  std::vector<Work> next_group();
  ledger::Stored<std::vector<std::optional<ledger::journal::Facts>>> facts_of(std::vector<Work>& group,
                                                                              const ReadFacts& read, bool calls_out);
  [[nodiscard]] bool may_look_ahead(const std::vector<Work>& group, bool calls_out) const;
  void decide(Work work, const std::optional<ledger::journal::Facts>& facts, std::vector<Decided>& decided);
  [[nodiscard]] const handlers::Handler* handler_of(std::string_view kind, int version) const;
  void mint(Decided& one) const;
  std::string one_by_one(std::vector<Decided> decided, const CommitSteps& commit_steps,
                         const ledger::StoreError& error);
  void conclude(const Decided& one, const machines::StepResult& result);
  void committed(const Decided& one, const machines::StepResult& result);
  void send_now(const Decided& one);

  ExecutorRules rules_;
  std::function<std::int64_t()> steady_us_;
  std::function<machines::Token()> fresh_token_;
  std::function<std::optional<handlers::GiveUp>()> why_not_;
  Handlers handlers_;
  std::deque<Work> queue_;
  std::vector<CallOut> calls_;
  schemas::Done done_;
  std::vector<schemas::Failed> failures_;
  bool was_full_ = false, stale_handlers_ = false, mints_ = true;
};

}  // namespace workers::harness
