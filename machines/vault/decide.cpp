#include "machines/vault/decide.hpp"

#include <cstdlib>

namespace machines::vault {
namespace {

constexpr std::int64_t worth_writing_ppm = 5'000;

Step step_of(const Facts& facts, Event event) {
  const auto row = transitions.find(open, event);
  CHECK(row.has_value());
  return {event, open, row->to, row->then, facts.data, {}, std::nullopt};
}

void move(Step& step, AccountId from, AccountId to, Amount amount) {
  CHECK(amount.is_positive());
  step.postings.push_back({PostingKind::single, from, to, amount, "flex", {}});
}

// What flexing moves goes into the step and the data; false when there is no such number.
bool flex_into(Step& step, const Facts& facts) {
  policy::Reserve& reserve = step.data.reserve;
  const auto amount = policy::flexed_by(reserve, facts.total, facts.not_at_risk, facts.unallocated);
  if (!amount) return false;
  const auto flexed = plus(reserve.flexed, *amount);
  if (!flexed) return false;
  reserve.flexed = *flexed;
  if (amount->is_positive()) move(step, facts.tradeable_account, facts.not_at_risk_account, *amount);
  if (amount->is_negative())
    move(step, facts.not_at_risk_account, facts.tradeable_account, Amount(amount->asset(), -amount->minor()));
  return true;
}

}  // namespace

Result<std::optional<Step>, Refusal> decide(const Facts& facts) {
  if (facts.frozen != Frozen::nothing) return std::optional<Step>{};
  Step step = step_of(facts, flex);
  const Rate before = policy::share(facts.data.reserve);
  if (facts.volatility) step.data.reserve.volatility = *facts.volatility;
  if (facts.data.reserve.rule == policy::Rule::flexing && !flex_into(step, facts)) return fail(Refusal::overflow);
  if (step.postings.empty()) {
    const auto proposal = policy::propose(facts.data.reallocation, facts.unallocated, facts.total, facts.sleeves);
    if (!proposal) return fail(Refusal::overflow);
    if (*proposal) {
      CHECK((*proposal)->amount.is_positive());
      Step proposing = step_of(facts, propose);
      proposing.data = step.data;
      proposing.proposal = **proposal;
      return std::optional<Step>{proposing};
    }
  }
  const std::int64_t changed = std::abs(policy::share(step.data.reserve).ppm - before.ppm);
  if (step.postings.empty() && changed < worth_writing_ppm) return std::optional<Step>{};
  return std::optional<Step>{step};
}

Instant next_review(Instant world_at) {
  const std::int64_t day_us = hours(24).us, at_us = hours(1).us / 2;
  return {(world_at.us - at_us + day_us) / day_us * day_us + at_us};
}

std::int64_t first_review(const policy::Reserve& reserve, const policy::Reallocation& rules, Instant now) {
  const bool has_rules =
      reserve.rule == policy::Rule::flexing || rules.idle_to.value != 0 || rules.reclaim_after_loss.ppm != 0;
  return has_rules ? next_review(now).us : 0;
}

}  // namespace machines::vault
