#include "machines/sleeve_cycle/decide.hpp"

#include <algorithm>

namespace machines::sleeve_cycle {
namespace {

using strategy::Exit;

Step step_of(const Facts& facts, State from, Event event) {
  const auto row = transitions.find(from, event);
  CHECK(row.has_value());
  return {event, from, row->to, row->then, facts.data, {}, std::nullopt, std::nullopt};
}

Step entry_step(const Facts& facts) {
  Step step = step_of(facts, watching, entry_signal);
  step.postings.push_back({PostingKind::hold,
                           facts.accounts.quote,
                           facts.accounts.trading_quote,
                           facts.quote_available,
                           "reserve_buy",
                           {}});
  step.order = OrderDraft{true, facts.quote_available};
  return step;
}

Step exit_step(const Facts& facts, Amount size, Exit reason) {
  Step step = step_of(facts, holding, exit_signal);
  step.data.exit_reason = name_of(reason);
  step.postings.push_back(
      {PostingKind::hold, facts.accounts.base, facts.accounts.trading_base, size, "reserve_sell", {}});
  step.order = OrderDraft{false, size};
  return step;
}

// Whether this much base is worth an order at the venue, at the price the cycle last traded or saw.
bool is_dust(const Facts& facts, Amount base, Price price) {
  const auto value = value_at(base, price, facts.instrument.base, facts.instrument.quote, Rounding::down);
  return !value || value->minor() < facts.instrument.min_notional.minor() ||
         !rounded_to_lot(base, facts.instrument.lot).is_positive();
}

Result<Price, Refusal> average_price(const Facts& facts, Amount base, Amount quote) {
  const Instrument& i = facts.instrument;
  const auto scaled =
      multiply_divide(quote.minor(), power_of_ten(8) * power_of_ten(i.base.scale), base.minor(), Rounding::half_even);
  if (!scaled) return fail(Refusal::overflow);
  const Int128 price = *scaled / power_of_ten(i.quote.scale);
  if (price > INT64_MAX) return fail(Refusal::overflow);
  return Price{static_cast<std::int64_t>(price)};
}

bool add_to(Amount& sum, Amount more) {
  const auto total = plus(sum, more);
  if (total) sum = *total;
  return total.has_value();
}

Result<Step, Refusal> entry_ended(const Facts& facts, const OrderSummary& bought) {
  if (!bought.base.is_positive()) return step_of(facts, entering, entry_failed);
  const auto price = average_price(facts, bought.base, bought.quote);
  if (!price) return fail(price.error());
  // A part too small to sell stays in the sleeve as dust, at cost.
  if (is_dust(facts, facts.base_available, *price)) return step_of(facts, entering, entry_failed);
  Step step = step_of(facts, entering, entry_filled);
  step.data.entered_at = bought.first_fill;
  step.data.base = bought.base;
  step.data.cost = bought.quote;
  step.data.fees = bought.fees;
  step.data.entry_price = *price;
  if (!add_to(step.data.cost, bought.fees)) return fail(Refusal::overflow);
  return step;
}

// Flash gives back all that its account holds above its original allocation; a loss is carried until it is regained.
void sweep(Step& step, const Facts& facts) {
  if (facts.kind != SleeveKind::flash) return;
  const Int128 profit = facts.quote_available.minor() - facts.allocation.minor();
  if (profit <= 0) return;
  step.postings.push_back({PostingKind::single,
                           facts.accounts.quote,
                           facts.accounts.tradeable,
                           Amount(facts.quote_available.asset(), profit),
                           "sweep",
                           {}});
}

Result<Step, Refusal> exit_ended(const Facts& facts, const OrderSummary& sold) {
  Data data = facts.data;
  if (!add_to(data.proceeds, sold.quote) || !add_to(data.fees, sold.fees)) return fail(Refusal::overflow);
  // The cost holds all fees: those of the entry already, those of the exits from here.
  if (!add_to(data.cost, sold.fees)) return fail(Refusal::overflow);
  const bool closes = is_dust(facts, facts.base_available, data.entry_price);
  Step step = step_of(facts, leaving, closes ? exit_filled : exit_failed);
  step.data = std::move(data);
  if (!closes) return step;
  const auto realized = minus(step.data.proceeds, step.data.cost);
  if (!realized) return fail(Refusal::overflow);
  step.data.realized = *realized;
  step.next_cycle = Data{};
  step.next_cycle->number = facts.data.number + 1;
  for (Amount* amount :
       {&step.next_cycle->cost, &step.next_cycle->proceeds, &step.next_cycle->fees, &step.next_cycle->realized})
    *amount = Amount::zero(facts.instrument.quote.id);
  step.next_cycle->base = Amount::zero(facts.instrument.base.id);
  sweep(step, facts);
  return step;
}

}  // namespace

Result<std::optional<Step>, Refusal> look(State state, const Facts& facts) {
  if (state == watching) {
    if (facts.entries_stopped) return std::optional<Step>{};
    if (facts.quote_available.minor() < facts.instrument.min_notional.minor()) return std::optional<Step>{};
    if (!strategy::wants_entry(facts.rules, facts.window)) return std::optional<Step>{};
    return std::optional<Step>{entry_step(facts)};
  }
  CHECK(state == holding);
  const Amount size = rounded_to_lot(facts.base_available, facts.instrument.lot);
  if (!size.is_positive()) return std::optional<Step>{};
  const Price high{std::max(facts.data.entry_price.e8, facts.high_since.value_or(Price{0}).e8)};
  // After a part of it was sold: what is still at risk, for what is still there.
  const auto at_risk = minus(facts.data.cost, facts.data.proceeds);
  if (!at_risk) return fail(Refusal::overflow);
  const strategy::Position position{*at_risk, facts.base_available, high};
  const auto exit = strategy::wants_exit(facts.rules, facts.window, position, facts.instrument.taker_fee,
                                         facts.instrument.base, facts.instrument.quote);
  if (!exit) return fail(Refusal::overflow);
  if (*exit == Exit::none) return std::optional<Step>{};
  return std::optional<Step>{exit_step(facts, size, *exit)};
}

Result<Step, Refusal> order_ended(State state, const Facts& facts, const OrderSummary& summary) {
  if (state == entering) return entry_ended(facts, summary);
  if (state == leaving) return exit_ended(facts, summary);
  return fail(Refusal::no_such_row);
}

}  // namespace machines::sleeve_cycle
