#include "machines/reconciliation/decide.hpp"

#include <algorithm>

namespace machines::reconciliation {
namespace {

Step birth(Event event, State state, Data data) { return {event, state, state, none, std::move(data), {}}; }

Result<Step, Refusal> step_of(State state, Event event, const Data& data) {
  const auto row = transitions.find(state, event);
  if (!row) return fail(Refusal::no_such_row);
  Step step{event, state, row->to, row->then, data, {}};
  step.data.corrects.clear();
  return step;
}

void add(Step& step, AccountId from, AccountId to, Amount amount, std::string_view code) {
  if (amount.is_positive()) step.postings.push_back({PostingKind::single, from, to, amount, code, {}});
}

Amount negated(Amount amount) { return {amount.asset(), -amount.minor()}; }
Amount size_of(Amount amount) { return amount.is_negative() ? negated(amount) : amount; }

// The posting that brought a break into quarantine.
PostingKey original_of(const Facts& facts) { return {facts.instance, 1, 1}; }

std::string_view code_of(Explanation as) {
  switch (as) {
    case Explanation::deposit:
      return "correct_deposit";
    case Explanation::withdrawal:
      return "correct_withdrawal";
    case Explanation::trade:
      return "marked_difference";
    case Explanation::fee:
      return "correct_fee";
    case Explanation::error:
      return "correct_error";
  }
  return "";
}

// Out of quarantine to the place, or from the place where coins are missing.
void correct(Step& step, const Facts& facts, Amount part, Explanation as, PostingKey original) {
  const bool came = facts.data.rest.is_positive();
  add(step, came ? facts.data.quarantine : facts.place, came ? facts.place : facts.data.quarantine, part, code_of(as));
  step.data.corrects.push_back(original);
  step.data.rest = Amount(part.asset(), facts.data.rest.minor() - (came ? part.minor() : -part.minor()));
  step.data.explained_as = name_of(as);
  step.data.done.push_back({step.data.explained_as, "", facts.place, came ? part : negated(part), {0}, {0}});
}

// Of this break, all or a part.
Result<Step, Refusal> explaining(State state, const Facts& facts, Amount part) {
  const bool is_all = part.minor() == size_of(facts.data.rest).minor();
  return step_of(state, is_all ? Event::explain : Event::explain_part, facts.data);
}

}  // namespace

AmountResult difference(const Line& line) {
  const auto more = minus(line.statement, line.ledger);
  return more ? minus(*more, line.quarantined) : more;
}

Step found(Data data) {
  CHECK(!data.amount.is_zero());
  data.rest = data.amount;
  Step step = birth(find, open, std::move(data));
  const bool came = step.data.amount.is_positive();
  add(step, came ? step.data.external : step.data.quarantine, came ? step.data.quarantine : step.data.external,
      size_of(step.data.amount), "difference");
  return step;
}

Step booked(Data data, const SleeveAccounts& accounts, const Sale& sale) {
  data.amount = negated(sale.base);
  data.rest = Amount::zero(sale.base.asset());
  data.explained_as = name_of(Explanation::trade);
  Step step = birth(book, closed, std::move(data));
  add(step, accounts.base, accounts.trading_base, sale.base, "outside_sale");
  add(step, accounts.trading_quote, accounts.quote, sale.quote, "outside_proceeds");
  add(step, accounts.quote, accounts.fees_quote, sale.fee_quote, "fee");
  add(step, accounts.base, accounts.fees_base, sale.fee_base, "fee");
  const Int128 covered = sale.fee_payer.value == 0 ? 0 : std::min(sale.fee_other.minor(), sale.fee_funds.minor());
  const AssetId other = sale.fee_other.asset();
  add(step, sale.fee_payer, accounts.fees_other, Amount(other, covered), "fee");
  add(step, accounts.suspense_other, accounts.fees_other, Amount(other, sale.fee_other.minor() - covered), "suspense");
  return step;
}

Result<Step, Refusal> explain_coins(State state, const Facts& facts, Explanation as, Amount part) {
  const Amount rest = facts.data.rest;
  auto step = explaining(state, facts, part);
  if (!step) return step;
  if (!part.is_positive()) return fail(Refusal::not_positive);
  const bool came = rest.is_positive();
  if ((as == Explanation::deposit && !came) || (as == Explanation::withdrawal && came))
    return fail(Refusal::wrong_direction);
  if (part.minor() > size_of(rest).minor()) return fail(Refusal::above_rest);
  if (!came && part.minor() > facts.available.minor()) return fail(Refusal::above_available);
  correct(*step, facts, part, as, original_of(facts));
  return step;
}

Result<Sides, Refusal> explain_sale(State base_state, const Facts& base, State quote_state, const Facts& quote,
                                    Amount base_part, Amount quote_part) {
  auto out = explaining(base_state, base, base_part);
  auto in = explaining(quote_state, quote, quote_part);
  if (!out || !in) return fail(Refusal::no_such_row);
  if (!base.data.rest.is_negative() || !quote.data.rest.is_positive() || base.data.venue != quote.data.venue ||
      base.data.account != quote.data.account)
    return fail(Refusal::no_counterpart);
  if (!base_part.is_positive() || !quote_part.is_positive()) return fail(Refusal::not_positive);
  if (base_part.minor() > size_of(base.data.rest).minor() || quote_part.minor() > quote.data.rest.minor())
    return fail(Refusal::above_rest);
  if (base_part.minor() > base.available.minor()) return fail(Refusal::above_available);
  correct(*out, base, base_part, Explanation::trade, original_of(base));
  correct(*in, quote, quote_part, Explanation::trade, original_of(quote));
  out->postings.insert(out->postings.end(), in->postings.begin(), in->postings.end());
  in->postings.clear();
  out->data.corrects.push_back(original_of(quote));
  in->data.corrects = out->data.corrects;
  out->data.done.back().with = quote.instance;
  in->data.done.back().with = base.instance;
  return Sides{std::move(*out), std::move(*in)};
}

Result<Step, Refusal> take_back(State state, const Facts& facts) {
  auto step = step_of(state, Event::undo, facts.data);
  if (!step) return step;
  if (facts.data.done.empty()) return fail(Refusal::nothing_done);
  const Done last = facts.data.done.back();
  const bool came = last.part.is_positive();
  const Amount size = size_of(last.part);
  if (came && size.minor() > facts.available.minor()) return fail(Refusal::above_available);
  add(*step, came ? last.place : facts.data.quarantine, came ? facts.data.quarantine : last.place, size,
      "correct_undo");
  step->data.corrects.push_back(original_of(facts));
  step->data.done.pop_back();
  step->data.rest = Amount(last.part.asset(), facts.data.rest.minor() + last.part.minor());
  step->data.explained_as = step->data.done.empty() ? "" : step->data.done.back().as;
  step->data.sleeve = step->data.done.empty() ? "" : step->data.done.back().sleeve;
  return step;
}

Result<Step, Refusal> hand_over(State state, const Data& data, std::string person) {
  auto step = step_of(state, Event::assign, data);
  if (step) step->data.person = std::move(person);
  return step;
}

Result<Step, Refusal> finish(State state, const Data& data) { return step_of(state, Event::close, data); }

}  // namespace machines::reconciliation
