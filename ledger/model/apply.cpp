#include "ledger/model/apply.hpp"

#include "ledger/model/check.hpp"
#include "ledger/model/content.hpp"
#include "machines/core/check.hpp"

namespace ledger::model {
namespace {

using machines::Move;
using machines::Posting;
using machines::PostingKind;
using machines::Step;

// The ids of a step's moves, births included, in the order of the moves.
using Ids = std::vector<InstanceId>;

void move_instances(Rows& rows, const Step& step, const Ids& ids) {
  for (std::size_t at = 0; at < ids.size(); ++at) {
    const Move& move = step.moves[at];
    Instance& instance = rows.instances[{step.owner, ids[at]}];
    CHECK(instance.version == move.version && !instance.is_final);  // check_step() compared them
    if (move.version == 0) {
      instance.kind = move.kind;
      instance.machine_version = move.machine_version;
      instance.parent = move.parent;
      instance.sleeve = move.sleeve;
    }
    instance.state = move.to;
    instance.data = move.data;
    instance.version = move.version + 1;
    instance.is_final = move.is_final;
    Transition& transition = rows.transitions[{step.owner, ids[at], move.version + 1}];
    transition = {ids[0],
                  step.moves[0].version + 1,
                  std::string(move.kind),
                  std::string(move.from),
                  std::string(move.to),
                  std::string(move.event),
                  std::string(move.command),
                  move.data,
                  machines::describe_jobs(step, move.instance),
                  move.machine_version,
                  step.world_at};
  }
}

void answer_job(Rows& rows, const Step& step) {
  if (step.job.instance.value == 0 || step.fate == machines::Fate::kept) return;
  if (step.fate == machines::Fate::done) {
    rows.jobs.erase(step.job);
    return;
  }
  Job& job = rows.jobs.at(step.job);
  job.token = {};
  job.world_at = step.rearm_at;
  job.run_at_us = 0;
  job.attempt = job.tries = 0;
  job.last_error.clear();
}

void end_jobs(Rows& rows, const Step& step, const Ids& ids) {
  for (std::size_t at = 0; at < ids.size(); ++at) {
    if (!step.moves[at].is_final) continue;
    auto job = rows.jobs.lower_bound({step.owner, ids[at], 0, 0});
    while (job != rows.jobs.end() && job->first.owner == step.owner && job->first.instance == ids[at])
      job = rows.jobs.erase(job);
  }
}

void order_jobs(Rows& rows, const Step& step, const Ids& ids) {
  std::vector<int> ordinals(ids.size(), 0);
  for (const machines::NewJob& order : step.jobs) {
    std::size_t at = 0;
    while (at < ids.size() && step.moves[at].instance != order.instance) ++at;
    CHECK(at < ids.size());
    Job& job = rows.jobs[{step.owner, ids[at], step.moves[at].version + 1, ordinals[at]++}];
    job.kind = step.moves[at].kind;
    job.command = order.command;
    job.is_event = order.is_event;
    job.world_at = order.world_at;
    job.token = order.eager;
    job.attempt = order.eager.is_empty() ? 0 : 1;
  }
}

void enter(Rows& rows, AccountId id, const PostingKey& posting, bool is_credit, const Counters& change) {
  Account& account = rows.accounts.at(id);
  const auto sum = plus(account.counters, change);
  CHECK(sum.has_value());
  account.counters = *sum;
  rows.entries[{id, ++account.version}] = {posting, is_credit, *sum};
}

void post(Rows& rows, const Step& step, const PostingKey& key, const Posting& posting) {
  const Effect effect = effect_of(posting.kind, posting.amount.minor(), reserved_by(rows, step.owner, posting));
  const AssetId asset = posting.amount.asset();
  CHECK(!posting.amount.is_negative() && posting.debit != posting.credit);
  CHECK(rows.accounts.at(posting.debit).asset == asset && rows.accounts.at(posting.credit).asset == asset);
  if (posting.kind == PostingKind::hold)
    rows.holds[key] = {posting.debit, posting.credit, asset, posting.amount.minor(), InstanceId{0}, 0};
  if (posting.hold != HoldKey{}) {
    Hold& hold = rows.holds.at({step.owner, posting.hold});
    CHECK(hold.resolved_by.value == 0 && posting.amount.minor() <= hold.reserved);
    hold.resolved_by = key.leg.instance;
    hold.resolved_version = key.leg.version;
  }
  enter(rows, posting.debit, key, false, effect.debit);
  enter(rows, posting.credit, key, true, effect.credit);
  rows.postings[key] = {posting.kind, posting.debit,          posting.credit,
                        asset,        posting.amount.minor(), std::string(posting.code),
                        posting.hold, step.world_at};
}

}  // namespace

std::vector<InstanceId> apply_step(Rows& rows, const Step& step, InstanceId& next_instance) {
  CHECK(!step.moves.empty() || (step.postings.empty() && step.jobs.empty()));
  Ids ids, born;
  for (const Move& move : step.moves) {
    ids.push_back(move.version == 0 ? InstanceId{next_instance.value++} : move.instance.id);
    if (move.version == 0) born.push_back(ids.back());
  }
  move_instances(rows, step, ids);
  answer_job(rows, step);
  end_jobs(rows, step, ids);
  order_jobs(rows, step, ids);
  std::int32_t leg = 0;
  for (const Posting& posting : step.postings)
    post(rows, step, {step.owner, {ids[0], step.moves[0].version + 1, ++leg}}, posting);
  if (!ids.empty() && step.moves[0].version > 0)
    rows.steps[{step.owner, ids[0], step.moves[0].version + 1}] = {content_of(step), born};
  return born;
}

}  // namespace ledger::model
