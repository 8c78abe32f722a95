#include "machines/order/decide.hpp"

#include <algorithm>

namespace machines::order {
namespace {

// The sides of the trade that the hold is on: what goes out, and to where.
struct Way {
  AccountId from, to, suspense;
};

Way way_out(const Facts& facts) {
  const SleeveAccounts& a = facts.accounts;
  if (facts.data.is_buy) return {a.quote, a.trading_quote, a.suspense_quote};
  return {a.base, a.trading_base, a.suspense_base};
}

// A venue may end an order, by whatever name, with the fills that it had made before.
bool books_fills(Event event) {
  return event == part_fill || event == fill || event == confirm_cancel || event == reject || event == person_filled;
}

bool needs_fills(Event event) { return event == part_fill || event == fill || event == person_filled; }

bool has_hold(const Data& data) { return data.hold.instance.value != 0; }

Amount smaller(Amount a, Amount b) { return a.minor() <= b.minor() ? a : b; }

void add_single(std::vector<Posting>& postings, AccountId from, AccountId to, Amount amount, std::string_view code) {
  if (amount.is_positive()) postings.push_back({PostingKind::single, from, to, amount, code, {}});
}

// `amount` leaves by `from`, as far as `room` covers it; the rest comes out of suspense. Returns what was covered.
Amount spend(std::vector<Posting>& postings, AccountId from, AccountId suspense, AccountId to, Amount amount,
             Amount room, std::string_view code) {
  CHECK(!amount.is_negative() && !room.is_negative());
  const Amount covered = smaller(amount, room);
  add_single(postings, from, to, covered, code);
  add_single(postings, suspense, to, Amount(amount.asset(), amount.minor() - covered.minor()), "suspense");
  return covered;
}

// Resolves the open hold with what went out, or voids it when nothing did. Returns what is left of it. Where earlier
// fills have used the hold up, all of it comes out of suspense.
Amount resolve(Step& step, const Way& way, Amount out) {
  const Amount held = step.data.held;
  CHECK(!out.is_negative() && !held.is_negative());
  step.resolved = held;
  const Amount covered = smaller(out, held);
  if (!has_hold(step.data)) {
    add_single(step.postings, way.suspense, way.to, out, "suspense");
    return Amount::zero(held.asset());
  }
  if (covered.is_positive())
    step.postings.push_back(
        {PostingKind::post, way.from, way.to, covered, step.data.is_buy ? "buy_cost" : "sell_base", step.data.hold});
  else
    step.postings.push_back(
        {PostingKind::void_, way.from, way.to, Amount::zero(held.asset()), "release", step.data.hold});
  add_single(step.postings, way.suspense, way.to, Amount(out.asset(), out.minor() - covered.minor()), "suspense");
  step.data.hold = {};
  step.data.held = Amount::zero(held.asset());
  return {held.asset(), held.minor() - covered.minor()};
}

void hold_again(Step& step, const Facts& facts, const Way& way, Amount rest) {
  CHECK(!has_hold(step.data));  // an order has one hold at a time
  if (!rest.is_positive()) return;
  step.postings.push_back({PostingKind::hold, way.from, way.to, rest, "rehold", {}});
  step.data.hold = {facts.instance, facts.version + 1, static_cast<std::int32_t>(step.postings.size())};
  step.data.held = rest;
}

// A third asset's fee is the vault's to pay that holds the asset on this venue account; what it lacks comes out of
// suspense.
void pay_other_fee(Step& step, const Facts& facts, const NewFills& fills) {
  const SleeveAccounts& a = facts.accounts;
  const Int128 funds = facts.fee_payer.value == 0 ? 0 : facts.fee_funds;
  spend(step.postings, facts.fee_payer, a.suspense_other, a.fees_other, fills.fees_other,
        Amount(fills.fees_other.asset(), funds), "fee");
}

void book_buy(Step& step, const Facts& facts, const NewFills& fills, bool more_to_come) {
  const SleeveAccounts& a = facts.accounts;
  const Way way = way_out(facts);
  Amount rest = resolve(step, way, fills.quote);
  add_single(step.postings, a.trading_base, a.base, fills.base, "buy_base");
  const Amount fee = spend(step.postings, a.quote, a.suspense_quote, a.fees_quote, fills.fees, rest, "fee");
  rest = {rest.asset(), rest.minor() - fee.minor()};
  spend(step.postings, a.base, a.suspense_base, a.fees_base, fills.fees_base, fills.base, "fee");
  pay_other_fee(step, facts, fills);
  if (more_to_come) hold_again(step, facts, way, rest);
}

void book_sell(Step& step, const Facts& facts, const NewFills& fills, bool more_to_come) {
  const SleeveAccounts& a = facts.accounts;
  const Way way = way_out(facts);
  Amount rest = resolve(step, way, fills.base);
  add_single(step.postings, a.trading_quote, a.quote, fills.quote, "sell_proceeds");
  spend(step.postings, a.quote, a.suspense_quote, a.fees_quote, fills.fees, fills.quote, "fee");
  const Amount fee = spend(step.postings, a.base, a.suspense_base, a.fees_base, fills.fees_base, rest, "fee");
  rest = {rest.asset(), rest.minor() - fee.minor()};
  pay_other_fee(step, facts, fills);
  if (more_to_come) hold_again(step, facts, way, rest);
}

bool add_to(Amount& sum, Amount more) {
  const auto total = plus(sum, more);
  if (total) sum = *total;
  return total.has_value();
}

bool add_fills(Data& data, const NewFills& fills) {
  if (data.fills == 0) data.first_fill = fills.first;
  data.fills += fills.count;
  if (fills.fees_other.is_positive() && data.fees_other.is_zero())
    data.fees_other = Amount::zero(fills.fees_other.asset());
  return add_to(data.base, fills.base) && add_to(data.quote, fills.quote) && add_to(data.fees, fills.fees) &&
         (fills.fees_base.is_zero() || add_to(data.fees_base, fills.fees_base)) &&
         (fills.fees_other.is_zero() || add_to(data.fees_other, fills.fees_other));
}

}  // namespace

Result<Step, Refusal> decide(State state, const Facts& facts, const Message& message) {
  const auto row = transitions.find(state, message.event);
  if (!row) return fail(Refusal::no_such_row);
  const NewFills& fills = message.fills;
  if (fills.count == 0 && needs_fills(message.event)) return fail(Refusal::fills_missing);
  if (fills.count != 0 && !books_fills(message.event)) return fail(Refusal::fills_unexpected);
  if (message.event == person_not_placed && facts.data.fills != 0) return fail(Refusal::was_filled);
  if (fills.count != 0 && (!fills.base.is_positive() || !fills.quote.is_positive() || fills.fees.is_negative() ||
                           fills.fees_base.is_negative() || fills.fees_other.is_negative()))
    return fail(Refusal::bad_fill);

  Step step{message.event, row->from, row->to, row->then, facts.data, {}, facts.data.held};
  if (!message.reason.empty()) step.data.reason = message.reason;
  step.data.good_until_us = std::max(step.data.good_until_us, message.good_until_us);
  const bool ends = transitions.is_final(row->to);
  if (fills.count != 0) {
    if (!add_fills(step.data, fills)) return fail(Refusal::overflow);
    if (step.data.is_buy)
      book_buy(step, facts, fills, !ends);
    else
      book_sell(step, facts, fills, !ends);
  } else if (ends && has_hold(step.data)) {
    resolve(step, way_out(facts), Amount::zero(facts.data.held.asset()));
  }
  CHECK(!ends || !has_hold(step.data));  // nothing stays reserved for an order that has ended
  return step;
}

OrderSummary summary_of(const Data& data) {
  return {data.base, data.quote, data.fees, data.first_fill, data.fees_base};
}

}  // namespace machines::order
