#include "workers/harness/executor.hpp"

#include <algorithm>

#include "machines/core/names.hpp"

namespace workers::harness {

using handlers::Decision;
using ledger::journal::Facts;
using machines::LeasedJob;
using machines::Outcome;
using schemas::DoneKind;

namespace {

DoneKind kind_of(const machines::Step& step) {
  if (step.fate == machines::Fate::rearmed) return DoneKind::rearmed;
  const auto is_for_others = [&](const machines::NewJob& order) {
    return order.eager.is_empty() && order.world_at <= step.world_at;
  };
  return std::any_of(step.jobs.begin(), step.jobs.end(), is_for_others) ? DoneKind::done : DoneKind::settled;
}

LeasedJob minted_job(const Decided& one, const machines::NewJob& order, std::size_t at,
                     const machines::StepResult& result) {
  const auto& moves = one.step.moves;
  const auto move =
      std::find_if(moves.begin(), moves.end(), [&](const machines::Move& m) { return m.instance == order.instance; });
  int ordinal = 0;
  for (std::size_t before = 0; before < at; ++before) ordinal += one.step.jobs[before].instance == order.instance;
  LeasedJob job = one.work.job;
  const auto id =
      order.instance.is_birth() ? result.born.at(static_cast<std::size_t>(order.instance.born - 1)) : order.instance.id;
  job.key = {one.step.owner, id, move->version + 1, ordinal};
  job.token = order.eager;
  job.kind = move->kind;
  job.command = order.command;
  job.is_event = false;
  job.machine_version = move->machine_version;
  job.world_at = order.world_at;
  job.attempt = 1;
  job.tries = 0;
  return job;
}

// Each move in the version that its instance is pinned to; births are of version 1.
void pin_versions(machines::Step& step, const LeasedJob& job, const Facts& facts) {
  for (machines::Move& move : step.moves) {
    if (move.instance.is_birth()) continue;
    if (move.instance.id == job.key.instance) move.machine_version = facts.machine_version;
    if (move.instance.id == facts.parent) move.machine_version = facts.parent_machine_version;
    if (move.instance.id == facts.sleeve_instance) move.machine_version = facts.sleeve_machine_version;
  }
}

handlers::GiveUp not_known(std::string_view kind, int version) {
  return {machines::CallError::retry_later, 0,
          "this worker does not know " + std::string(kind) + " v" + std::to_string(version), false};
}

bool calls_out(const Decision& decision) {
  const auto* commit = std::get_if<handlers::Commit>(&decision);
  return std::holds_alternative<handlers::Call>(decision) || (commit != nullptr && commit->then_call);
}

}  // namespace

schemas::HandedBack not_held(std::span<const machines::Token> named, std::vector<machines::Token> held) {
  std::sort(held.begin(), held.end());
  schemas::HandedBack back;
  for (const machines::Token& token : named)
    if (!std::binary_search(held.begin(), held.end(), token)) back.unstarted.push_back(token);
  return back;
}

// ---- what came

void Executor::assigned(const schemas::Assign& assign) {
  for (const LeasedJob& job : assign.jobs) {
    const auto is_it = [&](const Work& work) { return work.job.token == job.token; };
    // Word of one lease twice: both would stand as the same commit, and a request leave for each.
    if (std::any_of(queue_.begin(), queue_.end(), is_it)) continue;
    queue_.push_back({job, std::nullopt, steady_us_(), 0, assign.alone_until});
  }
}

void Executor::answered(LeasedJob job, handlers::Answer answer) {
  queue_.push_front({std::move(job), std::move(answer), steady_us_(), 0, {}});
}

void Executor::fail(const LeasedJob& job, const handlers::GiveUp& why) {
  if (why.code == machines::GiveUpCode::not_known_here) stale_handlers_ = true;
  failures_.push_back({job.token, why.error, why.retry_after_ms, why.reason, why.fatal, why.waits, why.code});
}

std::vector<machines::Token> Executor::held() const {
  std::vector<machines::Token> tokens;
  for (const Work& work : queue_) tokens.push_back(work.job.token);
  return tokens;
}

std::vector<schemas::Capability> Executor::capabilities() const {
  std::vector<schemas::Capability> known;
  for (const auto& handler : handlers_) known.push_back(handler->capability());
  return known;
}

std::vector<machines::Token> Executor::put_aside(bool all) {
  std::vector<machines::Token> unstarted;
  std::erase_if(queue_, [&](const Work& work) {
    if (!all && work.answer) return false;
    unstarted.push_back(work.job.token);
    return true;
  });
  return unstarted;
}

std::vector<machines::Token> Executor::put_aside(std::span<const machines::Token> revoked) {
  std::vector<machines::Token> unstarted;
  std::erase_if(queue_, [&](const Work& work) {
    if (work.answer || std::find(revoked.begin(), revoked.end(), work.job.token) == revoked.end()) return false;
    unstarted.push_back(work.job.token);
    return true;
  });
  return unstarted;
}

// ---- one group

// Takes up to group_steps works of the first one's shard and epoch.
std::vector<Work> Executor::next_group() {
  std::vector<Work> group;
  if (queue_.empty()) return group;
  const int shard = queue_.front().job.shard;
  const std::int64_t epoch = queue_.front().job.epoch;
  std::deque<Work> rest;
  while (!queue_.empty()) {
    Work work = std::move(queue_.front());
    queue_.pop_front();
    const bool fits =
        static_cast<int>(group.size()) < rules_.group_steps && work.job.shard == shard && work.job.epoch == epoch;
    if (fits)
      group.push_back(std::move(work));
    else
      rest.push_back(std::move(work));
  }
  queue_ = std::move(rest);
  return group;
}

ledger::Stored<std::vector<Decided>> Executor::decide_group(const ReadFacts& read, bool calls_out) {
  std::vector<Work> group = next_group();
  was_full_ = static_cast<int>(group.size()) >= rules_.group_steps / 2;
  std::vector<Decided> decided;
  if (group.empty()) return decided;
  auto facts = facts_of(group, read, calls_out);
  if (!facts && facts.error().failure == ledger::StoreFailure::refused) {
    // PostgreSQL says no, and would say it again: each job goes back for a while, and is parked in the end.
    for (const Work& work : group) fail(work.job, {machines::CallError::rejected, 0, facts.error().text, false});
    return decided;
  }
  if (!facts) {
    // PostgreSQL is away: nothing was done. Their leases live on with us.
    for (auto work = group.rbegin(); work != group.rend(); ++work) queue_.push_front(std::move(*work));
    return machines::fail(facts.error());
  }
  for (std::size_t at = 0; at < group.size(); ++at) decide(std::move(group[at]), (*facts)[at], decided);
  return decided;
}

// The facts that each work of the group is decided from. Where nothing else is open, that may be for a later time.
ledger::Stored<std::vector<std::optional<Facts>>> Executor::facts_of(std::vector<Work>& group, const ReadFacts& read,
                                                                     bool calls_out) {
  std::vector<LeasedJob> jobs;
  jobs.reserve(group.size());
  for (const Work& work : group) jobs.push_back(work.job);
  if (!may_look_ahead(group, calls_out)) return read(jobs);
  const auto ask = [this](const LeasedJob& job, const Facts& facts) {
    return handler_of(job.kind, job.machine_version)->on_job(job, facts);
  };
  auto seen = look_ahead(read, ask, jobs, group.front().alone_until, rules_.most_looks);
  if (!seen) return machines::fail(seen.error());
  for (Work& work : group) work.job.world_at = seen->at;
  return std::move(seen->facts);
}

// Fresh timers of one world time, all that the broker sent, and it sent all that is open.
bool Executor::may_look_ahead(const std::vector<Work>& group, bool calls_out) const {
  const Work& first = group.front();
  if (!queue_.empty() || calls_out) return false;
  return std::all_of(group.begin(), group.end(), [&](const Work& work) {
    const handlers::Handler* handler = handler_of(work.job.kind, work.job.machine_version);
    return work.alone_until > work.job.world_at && work.alone_until == first.alone_until && !work.answer &&
           work.job.world_at == first.job.world_at && !work.job.is_event && handler != nullptr &&
           handler->is_pure(work.job.command);
  });
}

void Executor::decide(Work work, const std::optional<Facts>& facts, std::vector<Decided>& decided) {
  const LeasedJob& job = work.job;
  if (!facts)
    return fail(job, {machines::CallError::rejected, 0, "no such instance", true, false,
                      machines::GiveUpCode::no_such_instance});
  const handlers::Handler* handler = handler_of(job.kind, facts->machine_version);  // it may have been migrated
  if (handler == nullptr) return fail(job, not_known(job.kind, facts->machine_version));
  // Before anything leaves on their account.
  if (!facts->parent_kind.empty() && !handler->moves(facts->parent_kind, facts->parent_machine_version))
    return fail(job, not_known(facts->parent_kind, facts->parent_machine_version));
  if (!handler->moves("sleeve", facts->sleeve_machine_version))
    return fail(job, not_known("sleeve", facts->sleeve_machine_version));
  Decision decision = work.answer ? handler->on_answer(job, *facts, *work.answer) : handler->on_job(job, *facts);
  if (why_not_ && calls_out(decision))
    if (const auto closed = why_not_()) return fail(job, *closed);
  if (auto* commit = std::get_if<handlers::Commit>(&decision)) {
    pin_versions(commit->step, job, *facts);
    decided.push_back({std::move(work), std::move(commit->step), std::move(commit->then_call)});
  } else if (auto* asks = std::get_if<handlers::Call>(&decision)) {
    calls_.push_back({job, std::move(asks->request), std::nullopt});
  } else {
    fail(job, std::get<handlers::GiveUp>(decision));
  }
}

const handlers::Handler* Executor::handler_of(std::string_view kind, int version) const {
  for (const auto& handler : handlers_)
    if (const auto known = handler->capability(); known.kind == kind && known.version == version) return handler.get();
  return nullptr;
}

// Mints the leases of pure follow-ups that are due: they stay with this worker, a few in a row. Of the same instance
// alone: our lease says nothing of a pause of others.
void Executor::mint(Decided& one) const {
  if (one.work.eager >= rules_.most_eager || !mints_) return;
  for (machines::NewJob& order : one.step.jobs) {
    const bool is_ours = order.instance.id == one.work.job.key.instance;
    if (!is_ours || order.is_event || order.world_at > one.work.job.world_at) continue;
    const auto move = std::find_if(one.step.moves.begin(), one.step.moves.end(),
                                   [&](const machines::Move& m) { return m.instance == order.instance; });
    const handlers::Handler* handler = handler_of(move->kind, move->machine_version);
    if (handler != nullptr && handler->is_pure(order.command)) order.eager = fresh_token_();
  }
}

// ---- what a commit came to

std::string Executor::commit(std::vector<Decided> decided, const CommitSteps& commit_steps) {
  if (decided.empty()) return "";
  std::vector<machines::Step> steps;
  steps.reserve(decided.size());
  for (Decided& one : decided) {
    mint(one);
    steps.push_back(one.step);
  }
  const LeasedJob& first = decided.front().work.job;
  auto results = commit_steps(first.shard, first.epoch, steps);
  for (int tries = 0; !results && results.error().failure == ledger::StoreFailure::conflict && tries < 10; ++tries)
    results = commit_steps(first.shard, first.epoch, steps);
  if (!results && results.error().failure == ledger::StoreFailure::refused)
    return one_by_one(std::move(decided), commit_steps, results.error());
  if (!results) {
    // The outcome is unknown (or nothing stands): never sent again from here. The broker gives each job back if its row
    // still carries our token; where the commit stood, the row is gone.
    for (const Decided& one : decided) done_.jobs.push_back({one.work.job.token, DoneKind::doubt});
    return results.error().text;
  }
  for (std::size_t at = 0; at < decided.size(); ++at) conclude(decided[at], (*results)[at]);
  return "";
}

// The whole call was refused, so nothing stands. Alone, a bad step sinks none but itself.
std::string Executor::one_by_one(std::vector<Decided> decided, const CommitSteps& commit_steps,
                                 const ledger::StoreError& error) {
  if (decided.size() == 1) {
    fail(decided.front().work.job, {machines::CallError::rejected, 0, error.text, false});
    return "";
  }
  std::string doubt;
  for (Decided& one : decided) {
    std::vector<Decided> alone;
    alone.push_back(std::move(one));
    if (std::string text = commit(std::move(alone), commit_steps); !text.empty()) doubt = std::move(text);
  }
  return doubt;
}

void Executor::conclude(const Decided& one, const machines::StepResult& result) {
  const LeasedJob& job = one.work.job;
  switch (result.outcome) {
    case Outcome::committed:
      return committed(one, result);
    case Outcome::stale_version:
    case Outcome::stale_epoch:
      // Somebody moved the instance, or a pause came: decide again from fresh facts, if the lease still stands.
      return fail(job, {machines::CallError::retry_later, 1, std::string(machines::name_of(result.outcome)), false});
    case Outcome::lost_lease:
      done_.jobs.push_back({job.token, DoneKind::doubt});
      return;
    case Outcome::refused:
      return fail(
          job, {machines::CallError::rejected, 0, "refused: " + std::string(machines::name_of(result.refusal)), false});
  }
}

void Executor::committed(const Decided& one, const machines::StepResult& result) {
  const LeasedJob& job = one.work.job;
  if (one.step.fate == machines::Fate::kept) return send_now(one);
  done_.jobs.push_back({job.token, kind_of(one.step)});
  for (std::size_t at = 0; at < one.step.jobs.size(); ++at) {
    const machines::NewJob& order = one.step.jobs[at];
    if (order.eager.is_empty()) continue;
    LeasedJob minted = minted_job(one, order, at, result);
    done_.minted.push_back(minted);
    queue_.push_back({std::move(minted), std::nullopt, steady_us_(), one.work.eager + 1, {}});
  }
}

// "Sent" stands. The request leaves now, unless the moment has passed: then the job goes back and the next attempt
// asks first.
void Executor::send_now(const Decided& one) {
  const std::int64_t send_by_us = one.work.came_us + rules_.send_deadline_ms * 1000;
  if (send_by_us <= steady_us_() || !one.then_call)
    return fail(one.work.job, {machines::CallError::retry_later, 1, "the send deadline had passed", false});
  calls_.push_back({one.work.job, *one.then_call, send_by_us});
}

}  // namespace workers::harness
