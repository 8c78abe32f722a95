#include "machines/allocation/decide.hpp"

#include <algorithm>

namespace machines::allocation {
namespace {

Step step_of(const Facts& facts, Event event) {
  const auto row = transitions.find(requested, event);
  CHECK(row.has_value());
  return {event, requested, row->to, row->then, facts.data, {}, std::nullopt, false};
}

Step refused_because(const Facts& facts, std::string reason) {
  Step step = step_of(facts, refuse);
  step.data.reason = std::move(reason);
  return step;
}

void move(Step& step, AccountId from, AccountId to, Amount amount, std::string_view code) {
  CHECK(!amount.is_negative());
  if (amount.is_positive()) step.postings.push_back({PostingKind::single, from, to, amount, code, {}});
}

bool above(Amount amount, Int128 limit) { return amount.minor() > limit; }

// Why the movement does not fit; empty when it does.
std::string objection(const Facts& facts) {
  const Data& data = facts.data;
  const bool is_fund = data.movement == Movement::fund;
  if (!is_fund && facts.frozen == Frozen::all) return "everything is frozen";
  switch (data.movement) {
    case Movement::fund:
      return "";
    case Movement::allocate_to_sleeve:
      if (facts.frozen != Frozen::nothing) return "entries and transfers are frozen";
      [[fallthrough]];
    case Movement::release:
      return above(data.amount, facts.tradeable_available.minor()) ? "above what is tradeable and not allocated" : "";
    case Movement::reclaim:
      return above(data.amount, facts.sleeve_available.minor()) ? "above what the sleeve has available" : "";
    case Movement::elect:
      if (facts.frozen != Frozen::nothing) return "entries and transfers are frozen";
      if (above(data.amount, facts.reserve_available.minor())) return "above what the vault has outside Tradeable";
      const auto kept = policy::required(facts.reserve, facts.vault_total);
      if (!kept) return "overflow";
      return above(data.amount, facts.reserve_available.minor() - kept->minor()) ? "above what the reserve leaves" : "";
  }
  return "";
}

}  // namespace

Result<Step, Refusal> decide(State state, const Facts& facts) {
  if (state != requested) return fail(Refusal::no_such_row);
  const Data& data = facts.data;
  const bool funds = data.movement == Movement::fund;
  if (data.amount.is_negative() || data.reserve.is_negative() ||
      (data.amount.is_zero() && !(funds && data.reserve.is_positive())))
    return fail(Refusal::not_positive);
  if (const auto why = objection(facts); !why.empty()) return refused_because(facts, why);
  Step step = step_of(facts, settle);
  switch (data.movement) {
    case Movement::fund:
      move(step, data.external, data.vault_reserve, data.reserve, "fund");
      move(step, data.external, data.tradeable, data.amount, "fund");
      break;
    case Movement::allocate_to_sleeve:
      move(step, data.tradeable, facts.sleeve_quote, data.amount, "allocate");
      step.allocation = Amount(data.amount.asset(), facts.sleeve_allocation.minor() + data.amount.minor());
      step.starts_cycle = !facts.sleeve_has_cycle;
      break;
    case Movement::reclaim:
      move(step, facts.sleeve_quote, data.tradeable, data.amount, "reclaim");
      step.allocation =
          Amount(data.amount.asset(), std::max<Int128>(0, facts.sleeve_allocation.minor() - data.amount.minor()));
      break;
    case Movement::elect:
      move(step, data.vault_reserve, data.tradeable, data.amount, "elect");
      break;
    case Movement::release:
      move(step, data.tradeable, data.vault_reserve, data.amount, "release");
      break;
  }
  CHECK(!step.postings.empty());  // what settles has moved coins
  return step;
}

}  // namespace machines::allocation
