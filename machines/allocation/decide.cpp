#include "machines/allocation/decide.hpp"

namespace machines::allocation {
namespace {

Step step_of(const Facts& facts, Event event) {
  const auto row = transitions.find(requested, event);
  CHECK(row.has_value());
  return {event, requested, row->to, row->then, facts.data, {}, false};
}

Step refused_because(const Facts& facts, std::string reason) {
  Step step = step_of(facts, refuse);
  step.data.reason = std::move(reason);
  return step;
}

void move(Step& step, AccountId from, AccountId to, Amount amount, std::string_view code) {
  if (amount.is_positive()) step.postings.push_back({PostingKind::single, from, to, amount, code, {}});
}

}  // namespace

Result<Step, Refusal> decide(State state, const Facts& facts) {
  if (state != requested) return fail(Refusal::no_such_row);
  const Data& data = facts.data;
  const bool funds = data.movement == Movement::fund;
  if (data.amount.is_negative() || data.reserve.is_negative() ||
      (data.amount.is_zero() && !(funds && data.reserve.is_positive())))
    return fail(Refusal::not_positive);
  if (data.movement == Movement::allocate_to_sleeve && data.amount.minor() > facts.tradeable_available.minor())
    return refused_because(facts, "above what is tradeable and not allocated");
  if (data.movement == Movement::reclaim && data.amount.minor() > facts.sleeve_available.minor())
    return refused_because(facts, "above what the sleeve has available");
  Step step = step_of(facts, settle);
  switch (data.movement) {
    case Movement::fund:
      move(step, data.external, data.vault_reserve, data.reserve, "fund");
      move(step, data.external, data.tradeable, data.amount, "fund");
      break;
    case Movement::allocate_to_sleeve:
      move(step, data.tradeable, facts.sleeve_quote, data.amount, "allocate");
      step.starts_cycle = !facts.sleeve_has_cycle;
      break;
    case Movement::reclaim:
      move(step, facts.sleeve_quote, data.tradeable, data.amount, "reclaim");
      break;
  }
  return step;
}

}  // namespace machines::allocation
