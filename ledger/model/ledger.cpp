#include "ledger/model/ledger.hpp"

#include <algorithm>

#include "ledger/model/apply.hpp"
#include "ledger/model/check.hpp"
#include "ledger/model/content.hpp"
#include "ledger/model/verify.hpp"
#include "machines/core/check.hpp"

namespace ledger::model {
namespace {

using machines::Outcome;
using machines::Step;
using machines::StepResult;

constexpr int shard_count = 64;

// The step that stands under this one's key with this one's content, or nothing. A genesis step has no key before it
// stands.
const StepRecord* standing(const Rows& rows, const Step& step) {
  if (step.moves.empty() || step.moves[0].version == 0) return nullptr;
  const auto found = rows.steps.find({step.owner, step.moves[0].instance.id, step.moves[0].version + 1});
  return found != rows.steps.end() && found->second.content == content_of(step) ? &found->second : nullptr;
}

}  // namespace

void Ledger::open_asset(const machines::Asset& asset) { CHECK(rows_.assets.emplace(asset.id, asset.code).second); }

void Ledger::open_owner(OwnerId owner, int shard) {
  CHECK(shard >= 0 && shard < shard_count);
  CHECK(rows_.owners.emplace(owner, Owner{shard, 0}).second);
}

AccountId Ledger::open_account(const AccountSpec& spec) {
  CHECK(rows_.owners.contains(spec.owner) && rows_.assets.contains(spec.asset));
  CHECK(std::none_of(rows_.accounts.begin(), rows_.accounts.end(),
                     [&](const auto& row) { return row.second.owner == spec.owner && row.second.path == spec.path; }));
  const AccountId id = next_account_;
  ++next_account_.value;
  rows_.accounts[id] = {spec.owner, spec.path, spec.asset, spec.limited, spec.fund, {}, 0};
  return id;
}

StepResult Ledger::commit_one(int shard, std::int64_t epoch, const Step& step) {
  if (const StepRecord* record = standing(rows_, step))
    return {Outcome::committed, machines::Refusal::none, record->born};
  const Verdict verdict = check_step(rows_, shard, epoch, step);
  if (verdict.outcome == Outcome::committed)
    return {Outcome::committed, machines::Refusal::none, apply_step(rows_, step, next_instance_)};
  const bool has_key = !step.moves.empty() && step.moves[0].version > 0;
  if (verdict.outcome == Outcome::refused && has_key)
    rows_.refusals.try_emplace({{step.owner, step.moves[0].instance.id, step.moves[0].version + 1}, step.token},
                               verdict.refusal);
  return {verdict.outcome, verdict.refusal, {}};
}

std::vector<StepResult> Ledger::commit(int shard, std::int64_t epoch, std::span<const Step> steps) {
  std::vector<StepResult> results;
  results.reserve(steps.size());
  for (const Step& step : steps) results.push_back(commit_one(shard, epoch, step));
  return results;
}

std::int64_t Ledger::own_shards() {
  std::int64_t highest = 0;
  for (const auto& [shard, epoch] : rows_.shards) highest = std::max(highest, epoch);
  for (int shard = 0; shard < shard_count; ++shard) rows_.shards[shard] = highest + 1;
  return highest + 1;
}

void Ledger::raise_control_epoch(OwnerId owner) { ++rows_.owners.at(owner).control_epoch; }

void Ledger::raise_control_epoch() { ++rows_.control_epoch; }

void Ledger::freeze(OwnerId owner, bool is_frozen) {
  rows_.owners.at(owner).is_frozen = is_frozen;
  raise_control_epoch(owner);
}

void Ledger::freeze(bool is_frozen) {
  rows_.is_frozen = is_frozen;
  raise_control_epoch();
}

Balance Ledger::balance(AccountId account) const {
  const Account& row = rows_.accounts.at(account);
  return {row.counters, row.version};
}

std::string Ledger::verify() const { return model::verify(rows_); }

std::string Ledger::digest() const { return model::digest(rows_); }

}  // namespace ledger::model
