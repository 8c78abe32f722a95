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
  CHECK(size.is_positive() && size.minor() <= facts.base_available.minor());  // nothing is sold that is not there
  Step step = step_of(facts, holding, exit_signal);
  step.data.exit_reason = name_of(reason);
  step.postings.push_back(
      {PostingKind::hold, facts.accounts.base, facts.accounts.trading_base, size, "reserve_sell", {}});
  step.order = OrderDraft{false, size};
  return step;
}

// Whether this much base is too little for an order at the venue, at this price. A value beyond all amounts is not.
bool is_dust(const Facts& facts, Amount base, Price price) {
  if (!rounded_to_lot(base, facts.instrument.lot).is_positive()) return true;
  const auto value = value_at(base, price, facts.instrument.base, facts.instrument.quote, Rounding::down);
  return value && value->minor() < facts.instrument.min_notional.minor();
}

// quote / base in 10^-8, rounded once. REQUIRES: base > 0.
Result<Price, Refusal> average_price(const Facts& facts, Amount base, Amount quote) {
  CHECK(base.is_positive());
  const int decimals = 8 + facts.instrument.base.scale - facts.instrument.quote.scale;
  const Int128 shift = power_of_ten(decimals < 0 ? -decimals : decimals);
  const auto divisor = multiply_divide(base.minor(), decimals < 0 ? shift : 1, 1, Rounding::down);
  if (!divisor) return fail(Refusal::overflow);
  const auto price = multiply_divide(quote.minor(), decimals < 0 ? 1 : shift, *divisor, Rounding::half_even);
  if (!price || *price > INT64_MAX) return fail(Refusal::overflow);
  return Price{static_cast<std::int64_t>(*price)};
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
  const bool sellable = !is_dust(facts, facts.base_available, *price);
  Step step = step_of(facts, entering, sellable ? entry_filled : entry_failed);
  Data& data = step.data;
  const Amount kept(bought.base.asset(), bought.base.minor() - bought.fees_base.minor());
  if (!add_to(data.base, kept) || !add_to(data.cost, bought.quote) || !add_to(data.cost, bought.fees) ||
      !add_to(data.fees, bought.fees))
    return fail(Refusal::overflow);
  if (sellable) {
    data.entered_at = bought.first_fill;
    data.entry_price = *price;
  }
  return step;
}

// The share of the cost that belongs to what is still there. Errors: division_by_zero when nothing was bought.
AmountResult cost_of_rest(const Data& data, Amount rest) {
  const Int128 counted = std::min(rest.minor(), data.base.minor());
  const auto share = multiply_divide(data.cost.minor(), counted, data.base.minor(), Rounding::half_even);
  if (!share) return fail(share.error());
  return Amount(data.cost.asset(), *share);
}

// The next cycle starts with this one's dust, at cost.
Data cycle_after(const Facts& facts, Amount dust_cost) {
  const Amount none = Amount::zero(facts.instrument.quote.id);
  Data next;
  next.number = facts.data.number + 1;
  next.cost = dust_cost;
  next.base = facts.base_available;
  next.proceeds = next.fees = next.realized = none;
  return next;
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

// What a sale by our own order and one by somebody else are called.
struct Sold {
  State from;
  Event closes, leaves_some;
};

Result<Step, Refusal> position_sold(const Facts& facts, const OrderSummary& sold, const Sold& words) {
  Data data = facts.data;
  const auto received = minus(sold.quote, sold.fees);
  if (!received || !add_to(data.proceeds, *received) || !add_to(data.fees, sold.fees)) return fail(Refusal::overflow);
  Price price = data.entry_price;
  if (sold.base.is_positive() && sold.quote.is_positive()) {
    const auto paid = average_price(facts, sold.base, sold.quote);
    if (!paid) return fail(paid.error());
    price = *paid;
  }
  const bool closes = is_dust(facts, facts.base_available, price);
  Step step = step_of(facts, words.from, closes ? words.closes : words.leaves_some);
  step.data = std::move(data);
  if (!closes) return step;
  const auto stays = cost_of_rest(step.data, facts.base_available);
  const auto gross = stays ? plus(step.data.proceeds, *stays) : stays;
  const auto realized = gross ? minus(*gross, step.data.cost) : gross;
  if (!realized) return fail(Refusal::overflow);
  step.data.realized = *realized;
  step.next_cycle = cycle_after(facts, *stays);
  sweep(step, facts);
  return step;
}

using Decision = Result<std::optional<Step>, Refusal>;

Decision look_to_buy(const Facts& facts) {
  if (facts.paused) return std::optional(step_of(facts, watching, pause));
  if (facts.frozen != Frozen::nothing) return std::optional<Step>{};
  if (facts.quote_available.minor() < facts.instrument.min_notional.minor()) return std::optional<Step>{};
  if (!strategy::wants_entry(facts.rules, facts.window)) return std::optional<Step>{};
  return std::optional(entry_step(facts));
}

Decision look_to_sell(const Facts& facts) {
  if (facts.frozen == Frozen::all) return std::optional<Step>{};
  // What the venue would not take is not offered.
  if (!facts.window.now || is_dust(facts, facts.base_available, *facts.window.now)) return std::optional<Step>{};
  const Amount size = rounded_to_lot(facts.base_available, facts.instrument.lot);
  const Price high{std::max(facts.data.entry_price.e8, facts.high_since.value_or(Price{0}).e8)};
  // After a part of it was sold: what is still there, at its own share of the cost.
  const auto cost = cost_of_rest(facts.data, facts.base_available);
  if (!cost) return fail(Refusal::overflow);
  const strategy::Position position{*cost, facts.base_available, high};
  const auto exit = strategy::wants_exit(facts.rules, facts.window, position, facts.instrument.taker_fee,
                                         facts.instrument.base, facts.instrument.quote);
  if (!exit) return fail(Refusal::overflow);
  if (*exit == Exit::none) return std::optional<Step>{};
  return std::optional(exit_step(facts, size, *exit));
}

Decision as_decision(Result<Step, Refusal> step) {
  if (!step) return fail(step.error());
  return std::optional(std::move(step).value());
}

Decision order_ended(State state, const Facts& facts, const OrderSummary& summary) {
  if (state == entering) return as_decision(entry_ended(facts, summary));
  if (state == leaving) return as_decision(position_sold(facts, summary, {leaving, exit_filled, exit_failed}));
  return fail(Refusal::no_such_row);
}

Decision sold_outside(State state, const Facts& facts, const OrderSummary& sold) {
  if (state != holding) return fail(Refusal::no_such_row);
  auto step = position_sold(facts, sold, {holding, close_outside, reduce_outside});
  if (step && step->event == close_outside) step.value().data.exit_reason = "outside";
  return as_decision(std::move(step));
}

}  // namespace

Decision decide(State state, const Facts& facts, const Message& message) {
  switch (message.told) {
    case Told::look:
      if (state == watching) return look_to_buy(facts);
      if (state == holding) return look_to_sell(facts);
      break;
    case Told::resume:
      if (state == paused) return std::optional(step_of(facts, paused, resume));
      break;
    case Told::order_ended:
      return order_ended(state, facts, message.summary);
    case Told::sold_outside:
      return sold_outside(state, facts, message.summary);
  }
  return fail(Refusal::no_such_row);
}

}  // namespace machines::sleeve_cycle
