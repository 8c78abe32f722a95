#include "tests/simulation/store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/model/content.hpp"
#include "machines/catalog/catalog.hpp"
#include "machines/core/names.hpp"
#include "schemas/codec/data.hpp"

namespace tests::simulation {

using ledger::Stored;
using ledger::StoreFailure;
using ledger::journal::Facts;
using machines::LeasedJob;
using machines::Outcome;
using machines::Step;
using machines::StepResult;

namespace {

machines::Failure<ledger::StoreError> failure(StoreFailure kind, std::string text) {
  return machines::fail(ledger::StoreError{kind, std::move(text)});
}

std::int64_t epoch_of(const ledger::model::Rows& rows, int shard) {
  const auto found = rows.shards.find(shard);
  return found == rows.shards.end() ? 0 : found->second;
}

std::int64_t control_epoch_of(const ledger::model::Rows& rows, machines::OwnerId owner) {
  return rows.owners.at(owner).control_epoch + rows.control_epoch;
}

std::string describe(const Step& step) {
  std::string text = fmt::format("job {}.{}.{} {}", step.job.instance.value, step.job.version, step.job.ordinal,
                                 machines::name_of(step.fate));
  for (const machines::Move& move : step.moves)
    text += fmt::format(", {} {} v{}: {} -> {} on {}", move.kind, move.instance.is_birth() ? 0 : move.instance.id.value,
                        move.version, move.from.empty() ? "birth" : move.from, move.to, move.event);
  return text + fmt::format(", {} postings", step.postings.size());
}

}  // namespace

template <class T, class Act>
Stored<T> Store::call(Site site, bool writes, Act act) {
  const Fault* fault = world_.plan.next(site);
  if (fault == nullptr) return act();
  world_.met(machines::name_of(fault->kind));
  world_.say("fault", [&] { return to_text(*fault); });
  const bool is_done = fault->kind == FaultKind::lose_commit_answer || fault->kind == FaultKind::lose_store_answer;
  if (is_done) (void)act();
  if (!writes || fault->kind == FaultKind::store_away) return failure(StoreFailure::unavailable, "the store is away");
  if (fault->kind == FaultKind::conflict) return failure(StoreFailure::conflict, "a deadlock's victim");
  return failure(StoreFailure::doubt, is_done ? "the answer was lost" : "the connection broke");
}

Stored<std::vector<std::optional<Facts>>> Store::facts(std::span<const LeasedJob> jobs) {
  return call<std::vector<std::optional<Facts>>>(Site::store_call, false, [&] {
    std::vector<std::optional<Facts>> facts;
    for (const LeasedJob& job : jobs) {
      auto& read = facts.emplace_back(books_.facts(job));
      if (!read) continue;
      read->wall_us = world_.unix_us() + wall_off_us_;
      if (world_.has_gone_on()) read->world_now = job.world_at + machines::hours(5);
    }
    return facts;
  });
}

Stored<std::vector<StepResult>> Store::commit(const std::string& who, int shard, std::int64_t epoch,
                                              std::span<const Step> steps) {
  return call<std::vector<StepResult>>(Site::commit, true, [&] {
    std::vector<StepResult> results;
    for (const Step& step : steps) results.push_back(take(who, shard, epoch, step));
    return results;
  });
}

std::string Store::objection(int shard, std::int64_t epoch, const Step& step) const {
  const auto& rows = books_.ledger.rows();
  if (!step.moves.empty()) {
    const auto standing = rows.steps.find({step.owner, step.moves[0].instance.id, step.moves[0].version + 1});
    if (standing != rows.steps.end() && standing->second.content == ledger::model::content_of(step)) return "";
  }
  if (epoch_of(rows, shard) != epoch) return "its broker had been fenced off";
  if (control_epoch_of(rows, step.owner) != step.control_epoch) return "a pause had come since its facts were read";
  const auto job = rows.jobs.find(step.job);
  if (job == rows.jobs.end() || job->second.token != step.token) return "its lease was gone";
  for (const machines::Move& move : step.moves) {
    if (move.instance.is_birth()) continue;
    const auto found = rows.instances.find({step.owner, move.instance.id});
    if (found == rows.instances.end() || found->second.version != move.version || found->second.state != move.from)
      return fmt::format("{} {} was no longer at version {}", move.kind, move.instance.id.value, move.version);
  }
  return "";
}

Step Store::overlooked(Step step, std::int64_t& epoch) {
  const auto& rows = books_.ledger.rows();
  if (world_.plant == Plant::forget_epoch) epoch = epoch_of(rows, rows.owners.at(step.owner).shard);
  if (world_.plant == Plant::forget_pause_epoch) step.control_epoch = control_epoch_of(rows, step.owner);
  if (world_.plant == Plant::skip_lease_check) {
    const auto job = rows.jobs.find(step.job);
    const bool is_held = job != rows.jobs.end() && !job->second.token.is_empty();
    if (is_held) step.token = job->second.token;
    if (!is_held) step.job = {};
  }
  if (world_.plant == Plant::skip_version_check)
    for (machines::Move& move : step.moves) {
      const auto found = rows.instances.find({step.owner, move.instance.id});
      if (move.instance.is_birth() || found == rows.instances.end()) continue;
      move.version = found->second.version;
      move.from = *words_.insert(found->second.state).first;
    }
  return step;
}

// Why this step should let nothing leave, where it does.
std::string Store::wrong_to_send(const Step& step) const {
  for (const machines::Move& move : step.moves) {
    if (!machines::catalog::lets_leave(move.kind, move.event)) continue;
    const auto data = schemas::parse_order(move.data);
    if (!data) return "an order that can't be read leaves";
    const machines::Frozen frozen = books_.frozen(step.owner);
    if (frozen == machines::Frozen::all) return "an order leaves under a freeze of everything";
    if (data->is_buy && (books_.is_paused(step.owner) || frozen != machines::Frozen::nothing))
      return "a buy leaves under a pause or a freeze";
    if (move.event == "resend" && world_.has_gone_on()) return "an order that is no longer valid is sent again";
  }
  return "";
}

// Until the venue's word is final, an order's hold is what it may still spend, and no less: its size less what is
// booked of it.
std::string Store::wrong_with_order(const Step& step) const {
  const auto& rows = books_.ledger.rows();
  for (const machines::Move& move : step.moves) {
    if (move.kind != "order" || move.is_final) continue;
    const auto data = schemas::parse_order(move.data);
    if (!data) return "an order can't be read";
    const machines::Int128 spent =
        data->is_buy ? data->quote.minor() + data->fees.minor() : data->base.minor() + data->fees_base.minor();
    const machines::Int128 rest = std::max<machines::Int128>(data->size.minor() - spent, 0);
    const auto hold = rows.holds.find({step.owner, data->hold});
    const bool stands = hold != rows.holds.end() && hold->second.resolved_by.value == 0;
    if ((stands ? hold->second.reserved : 0) != rest)
      return fmt::format("an order that is {} does not hold what it may still spend", move.to);
  }
  return "";
}

// What a flash sleeve earned goes back with the step that closes its cycle, and no other.
std::string Store::wrong_with_sweep(const Step& step) {
  const bool sweeps = std::any_of(step.postings.begin(), step.postings.end(),
                                  [](const machines::Posting& posting) { return posting.code == "sweep"; });
  const bool closes = std::any_of(step.moves.begin(), step.moves.end(), [](const machines::Move& move) {
    return move.kind == "sleeve_cycle" && move.to == "closed";
  });
  return sweeps && !closes ? "a sleeve is swept while its cycle is open" : "";
}

std::string Store::wrong_with_timers(const Step& step) const {
  const auto& rows = books_.ledger.rows();
  for (const machines::Move& move : step.moves) {
    if (move.kind != "sleeve_cycle" || move.instance.is_birth()) continue;
    const machines::InstanceId id = move.instance.id;
    int timers = 0;
    for (auto job = rows.jobs.lower_bound({step.owner, id, 0, 0});
         job != rows.jobs.end() && job->first.owner == step.owner && job->first.instance == id; ++job)
      timers += !job->second.is_event;
    if (timers > 1) return fmt::format("cycle {} has {} timers", id.value, timers);
  }
  return "";
}

StepResult Store::take(const std::string& who, int shard, std::int64_t epoch, const Step& step) {
  const std::string against = objection(shard, epoch, step);
  const bool stood = !step.moves.empty() && books_.ledger.rows().steps.contains(
                                                {step.owner, step.moves[0].instance.id, step.moves[0].version + 1});
  const Step seen = overlooked(step, epoch);
  const StepResult result = books_.ledger.commit(shard, epoch, std::span(&seen, 1)).at(0);
  world_.say(who.c_str(), [&] {
    return fmt::format("commit {}: {}: {}", machines::name_of(result.outcome), machines::name_of(result.refusal),
                       describe(step));
  });
  world_.met(machines::name_of(result.outcome));
  if (result.outcome != Outcome::committed) return result;
  for (const machines::Move& move : step.moves) world_.met(move.event);
  for (const std::string& wrong : {wrong_with_order(step), wrong_with_timers(step), wrong_with_sweep(step)})
    if (!stood && !wrong.empty()) world_.violate(wrong + ": " + describe(step));
  if (const std::string wrong = stood ? "" : wrong_to_send(step); !wrong.empty())
    world_.violate(wrong + ": " + describe(step));
  if (!against.empty()) world_.violate("a step stands although " + against + ": " + describe(step));
  for (const machines::NewJob& order : step.jobs)
    if (!order.eager.is_empty() && is_leased(order.eager)) minted(order.eager);
  return result;
}

void Store::minted(const machines::Token& token) {
  if (!tokens_.insert(token).second) world_.violate("a lease was given under a token that an earlier one had");
}

Stored<std::int64_t> Store::own_shards() {
  return call<std::int64_t>(Site::store_call, true, [&] {
    world_.forget_tokens();
    return books_.ledger.own_shards();
  });
}

Stored<std::vector<LeasedJob>> Store::claim(machines::Instant world_now, int limit) {
  return call<std::vector<LeasedJob>>(Site::store_call, false, [&] {
    books_.world_now = std::max(books_.world_now, world_now);
    auto jobs = books_.ledger.claim(books_.shards, world_now, wall_us(), limit, [&] { return world_.fresh_token(); });
    for (const LeasedJob& job : jobs) minted(job.token);
    return jobs;
  });
}

Stored<ledger::jobs::Due> Store::due(machines::Instant world_at) {
  return call<ledger::jobs::Due>(Site::store_call, false, [&] {
    const auto due = books_.ledger.due(books_.shards, world_at, wall_us());
    return ledger::jobs::Due{due.next_due, due.parked, due.parked_reason, due.next_run_us};
  });
}

Stored<machines::Instant> Store::next_unheld() {
  return call<machines::Instant>(Site::store_call, false, [&] { return books_.ledger.next_unheld(books_.shards); });
}

Stored<std::vector<LeasedJob>> Store::leased() {
  return call<std::vector<LeasedJob>>(Site::store_call, false, [&] { return books_.ledger.leased(books_.shards); });
}

Stored<int> Store::give_back(std::span<const ledger::jobs::Failure> failures) {
  return call<int>(Site::store_call, true, [&] {
    std::vector<ledger::model::Failure> all;
    for (const auto& one : failures)
      all.push_back({one.key, one.token, one.reason, one.delay_ms, one.park, one.counts_as_try});
    return books_.ledger.give_back(all, wall_us());
  });
}

Stored<bool> Store::submit_event(const schemas::Submit& submit) {
  return call<bool>(Site::store_call, true, [&] {
    return books_.ledger.submit_event(submit.owner, submit.instance, submit.event, submit.world_at);
  });
}

void Store::steal_lease(std::uint32_t which) {
  const auto leased = books_.ledger.leased(books_.shards);
  if (leased.empty()) return;
  const LeasedJob& job = leased[which % leased.size()];
  const ledger::model::Failure stolen{job.key, job.token, "stolen", 0, false, false};
  (void)books_.ledger.give_back(std::span(&stolen, 1), wall_us());
}

void Store::raise_epoch(std::uint32_t which) {
  if (which % 4 == 0) return books_.ledger.raise_control_epoch();
  books_.ledger.raise_control_epoch(books_.vaults[which % books_.vaults.size()].owner);
}

bool Store::is_leased(const machines::Token& token) const {
  const auto& jobs = books_.ledger.rows().jobs;
  return std::any_of(jobs.begin(), jobs.end(), [&](const auto& row) { return row.second.token == token; });
}

}  // namespace tests::simulation
