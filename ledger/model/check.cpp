#include "ledger/model/check.hpp"

#include <algorithm>

#include "machines/catalog/catalog.hpp"
#include "machines/core/names.hpp"

namespace ledger::model {
namespace {

using machines::Outcome;
using machines::Posting;
using machines::PostingKind;
using machines::Refusal;
using machines::Step;

bool resolves(const Posting& posting) {
  return posting.kind == PostingKind::post || posting.kind == PostingKind::void_;
}

bool epochs_hold(const Rows& rows, int shard, std::int64_t epoch, const Step& step) {
  const auto at = rows.shards.find(shard);
  const auto owner = rows.owners.find(step.owner);
  return (at == rows.shards.end() ? 0 : at->second) == epoch && owner != rows.owners.end() &&
         step.control_epoch == owner->second.control_epoch + rows.control_epoch;
}

bool lease_holds(const Rows& rows, const Step& step) {
  if (step.job.instance.value == 0) return true;
  const auto job = rows.jobs.find(step.job);
  return job != rows.jobs.end() && !step.token.is_empty() && job->second.token == step.token;
}

bool own_version_is_taken(const Rows& rows, const Step& step) {
  return !step.moves.empty() && !step.moves[0].instance.is_birth() &&
         rows.transitions.contains({step.owner, step.moves[0].instance.id, step.moves[0].version + 1});
}

bool versions_hold(const Rows& rows, const Step& step) {
  for (const machines::Move& move : step.moves) {
    if (move.version == 0) continue;
    const auto found = rows.instances.find({step.owner, move.instance.id});
    if (found == rows.instances.end()) return false;
    const Instance& instance = found->second;
    if (instance.version != move.version || instance.state != move.from || instance.kind != move.kind ||
        instance.is_final)
      return false;
  }
  return true;
}

const Account* account_of(const Rows& rows, OwnerId owner, AccountId id) {
  const auto found = rows.accounts.find(id);
  return found == rows.accounts.end() || found->second.owner != owner ? nullptr : &found->second;
}

Refusal wrong_with_hold(const Rows& rows, const Step& step, const Posting& posting) {
  const auto found = rows.holds.find({step.owner, posting.hold});
  if (found == rows.holds.end()) return Refusal::hold_unknown;
  const Hold& hold = found->second;
  if (hold.debit != posting.debit || hold.credit != posting.credit || hold.asset != posting.amount.asset())
    return Refusal::hold_unknown;
  int times = 0;
  for (const Posting& other : step.postings) times += other.hold == posting.hold;
  if (hold.resolved_by.value != 0 || times > 1) return Refusal::hold_resolved;
  return posting.amount.minor() > hold.reserved ? Refusal::hold_exceeded : Refusal::none;
}

Refusal wrong_with(const Rows& rows, const Step& step, const Posting& posting) {
  const Account* debit = account_of(rows, step.owner, posting.debit);
  const Account* credit = account_of(rows, step.owner, posting.credit);
  if (debit == nullptr || credit == nullptr) return Refusal::unknown_account;
  const AssetId asset = posting.amount.asset();
  if (debit->asset != asset || credit->asset != asset) return Refusal::asset_mismatch;
  const bool is_void = posting.kind == PostingKind::void_;
  if (posting.amount.is_negative() || posting.amount.is_zero() != is_void || posting.debit == posting.credit)
    return Refusal::bad_amount;
  if (debit->fund.value != 0 && credit->fund.value != 0 && debit->fund != credit->fund) return Refusal::crossing;
  if ((posting.hold.instance.value != 0) != resolves(posting)) return Refusal::hold_unknown;
  return resolves(posting) ? wrong_with_hold(rows, step, posting) : Refusal::none;
}

// What the whole step does to each account; nothing where a counter leaves its range on the way.
std::optional<std::map<AccountId, Counters>> counters_after(const Rows& rows, const Step& step) {
  std::map<AccountId, Counters> after;
  const auto add = [&](AccountId id, const Counters& change) {
    const auto sum = plus(after.try_emplace(id, rows.accounts.at(id).counters).first->second, change);
    if (sum) after[id] = *sum;
    return sum.has_value();
  };
  for (const Posting& posting : step.postings) {
    const Effect effect = effect_of(posting.kind, posting.amount.minor(), reserved_by(rows, step.owner, posting));
    if (!add(posting.debit, effect.debit) || !add(posting.credit, effect.credit)) return std::nullopt;
  }
  return after;
}

Refusal wrong_with_money(const Rows& rows, const Step& step) {
  for (const Posting& posting : step.postings)
    if (const Refusal wrong = wrong_with(rows, step, posting); wrong != Refusal::none) return wrong;
  const auto after = counters_after(rows, step);
  if (!after) return Refusal::bad_amount;
  for (const auto& [id, counters] : *after)
    if (rows.accounts.at(id).limited && counters.available() < 0) return Refusal::insufficient_funds;
  return Refusal::none;
}

// PostgreSQL has the table `leaving` for it, which a test holds against the catalog.
bool lets_leave(const Step& step) {
  return std::any_of(step.moves.begin(), step.moves.end(),
                     [](const machines::Move& move) { return machines::catalog::lets_leave(move.kind, move.event); });
}

}  // namespace

Int128 reserved_by(const Rows& rows, OwnerId owner, const Posting& posting) {
  const auto hold = rows.holds.find({owner, posting.hold});
  return hold == rows.holds.end() ? 0 : hold->second.reserved;
}

Verdict check_step(const Rows& rows, int shard, std::int64_t epoch, const Step& step) {
  if (!epochs_hold(rows, shard, epoch, step)) return {Outcome::stale_epoch};
  if (!lease_holds(rows, step)) return {Outcome::lost_lease};
  if (own_version_is_taken(rows, step)) return {Outcome::refused, Refusal::conflict};
  if (!versions_hold(rows, step)) return {Outcome::stale_version};
  if (const Refusal wrong = wrong_with_money(rows, step); wrong != Refusal::none) return {Outcome::refused, wrong};
  if (lets_leave(step) && (rows.is_frozen || rows.owners.at(step.owner).is_frozen))
    return {Outcome::refused, Refusal::frozen};
  return {};
}

}  // namespace ledger::model
