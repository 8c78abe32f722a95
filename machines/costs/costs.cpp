#include "machines/costs/costs.hpp"

namespace machines::costs {
namespace {

Refusal refusal_of(AmountError error) {
  return error == AmountError::asset_mismatch ? Refusal::asset_mismatch : Refusal::overflow;
}

Costed<bool> add_to(Amount& sum, Amount more) {
  const auto total = plus(sum, more);
  if (!total) return fail(refusal_of(total.error()));
  sum = *total;
  return true;
}

// All of it or nothing: a lot that had its coins without their cost would be sold for a gain that is none.
Costed<bool> add_to(Lot& sum, const Lot& more) {
  Lot made = sum;
  for (const auto part : {&Lot::base, &Lot::cost, &Lot::fees})
    if (const auto added = add_to(made.*part, more.*part); !added) return added;
  sum = made;
  return true;
}

// A part is never more than what it is taken from.
void take_from(Lot& sum, const Lot& part) {
  CHECK(part.base.minor() <= sum.base.minor());
  for (const auto field : {&Lot::base, &Lot::cost, &Lot::fees})
    sum.*field = Amount((sum.*field).asset(), (sum.*field).minor() - (part.*field).minor());
}

// `base` coins of the lot with their share of its cost and fees. REQUIRES: 0 < base <= lot.base. Errors: overflow.
Costed<Lot> part_of(const Lot& lot, Amount base) {
  CHECK(base.is_positive() && base.minor() <= lot.base.minor());
  if (base == lot.base) return lot;
  Lot part = lot;
  part.base = base;
  for (const auto field : {&Lot::cost, &Lot::fees}) {
    const auto share = multiply_divide((lot.*field).minor(), base.minor(), lot.base.minor(), Rounding::down);
    if (!share) return fail(refusal_of(share.error()));
    part.*field = Amount((lot.*field).asset(), *share);
  }
  return part;
}

}  // namespace

Book::Book(Basis basis, Asset base, Asset quote)
    : basis_(basis),
      base_(std::move(base)),
      quote_(std::move(quote)),
      held_{{}, Amount::zero(base_.id), Amount::zero(quote_.id), Amount::zero(quote_.id)} {}

Costed<Effect> Book::apply(const Fill& fill) {
  CHECK(fill.at >= last_);
  last_ = fill.at;
  if (fill.base.asset() != base_.id || fill.quote.asset() != quote_.id) return fail(Refusal::asset_mismatch);
  if (!fill.base.is_positive() || !fill.quote.is_positive()) return fail(Refusal::bad_fill);
  Amount fee_quote = Amount::zero(quote_.id);
  Amount fee_base = Amount::zero(base_.id);
  for (const Amount& fee : fill.fees) {
    if (fee.is_negative()) return fail(Refusal::bad_fill);
    const auto paid = paid_.try_emplace(fee.asset(), Amount::zero(fee.asset())).first;
    if (const auto added = add_to(paid->second, fee); !added) return fail(added.error());
    if (fee.asset() != quote_.id && fee.asset() != base_.id) continue;
    if (const auto added = add_to(fee.asset() == quote_.id ? fee_quote : fee_base, fee); !added)
      return fail(added.error());
  }
  return fill.is_buy ? buy(fill, fee_quote, fee_base) : sell(fill, fee_quote, fee_base);
}

Costed<Effect> Book::buy(const Fill& fill, Amount fee_quote, Amount fee_base) {
  if (fee_base.minor() >= fill.base.minor()) return fail(Refusal::bad_fill);
  Lot lot{fill.at, fill.base, fill.quote, fee_quote};
  const Amount none = Amount::zero(quote_.id);
  Effect effect{none, none, none, none};
  if (fee_base.is_positive()) {
    const auto part = part_of({fill.at, fill.base, fill.quote, none}, fee_base);
    if (!part) return fail(part.error());
    effect.paid_in_base = part->cost;
    take_from(lot, *part);
    if (const auto added = add_to(lot.fees, part->cost); !added) return fail(added.error());
  }
  if (const auto added = add_to(held_, lot); !added) return fail(added.error());
  if (basis_ == Basis::fifo || lots_.empty()) {
    lots_.push_back(lot);
    return effect;
  }
  if (const auto added = add_to(lots_.back(), lot); !added) return fail(added.error());
  return effect;
}

Costed<Effect> Book::sell(const Fill& fill, Amount fee_quote, Amount fee_base) {
  const auto sold = take(fill.base);
  if (!sold) return fail(sold.error());
  const auto realised = minus(fill.quote, sold->cost);
  if (!realised) return fail(refusal_of(realised.error()));
  Effect effect{*realised, sold->cost, sold->fees, Amount::zero(quote_.id)};
  if (const auto added = add_to(effect.fees, fee_quote); !added) return fail(added.error());
  if (!fee_base.is_positive()) return effect;
  const auto paid = take(fee_base);
  if (!paid) return fail(paid.error());
  effect.paid_in_base = paid->cost;
  for (const Amount& part : {paid->cost, paid->fees})
    if (const auto added = add_to(effect.fees, part); !added) return fail(added.error());
  return effect;
}

Costed<Lot> Book::remove(Amount base, Instant at, const Lot* as) {
  CHECK(at >= last_ && base.is_positive());
  last_ = at;
  const bool is_there = as != nullptr && basis_ == Basis::average && !lots_.empty() && as->base == base &&
                        as->base.minor() < held_.base.minor() && as->cost.minor() <= held_.cost.minor() &&
                        as->fees.minor() <= held_.fees.minor();
  if (is_there) {
    take_from(lots_.back(), *as);
    take_from(held_, *as);
    return *as;
  }
  return take(base);
}

Costed<Nothing> Book::put(const Lot& lot, Instant at) {
  CHECK(at >= last_);
  last_ = at;
  if (!lot.base.is_positive()) return fail(Refusal::bad_fill);
  if (const auto added = add_to(held_, lot); !added) return fail(added.error());
  if (basis_ == Basis::fifo || lots_.empty()) {
    lots_.push_front(lot);  // the first to go again
    return Nothing{};
  }
  if (const auto added = add_to(lots_.back(), lot); !added) return fail(added.error());
  return Nothing{};
}

// The oldest coins first; at average cost there is one lot.
Costed<Lot> Book::take(Amount base) {
  CHECK(base.is_positive());
  if (base.minor() > held_.base.minor()) return fail(Refusal::oversold);
  Lot taken{{}, Amount::zero(base_.id), Amount::zero(quote_.id), Amount::zero(quote_.id)};
  while (taken.base.minor() < base.minor()) {
    CHECK(!lots_.empty());  // held_ is the sum of all lots
    Lot& oldest = lots_.front();
    const Int128 rest = base.minor() - taken.base.minor();
    const auto part = part_of(oldest, Amount(base_.id, rest < oldest.base.minor() ? rest : oldest.base.minor()));
    if (!part) return fail(part.error());
    if (const auto added = add_to(taken, *part); !added) return fail(added.error());
    take_from(oldest, *part);
    if (!oldest.base.is_zero()) continue;
    CHECK(oldest.cost.is_zero() && oldest.fees.is_zero());  // the last coin takes all that is left
    lots_.pop_front();
  }
  CHECK(taken.base == base);
  take_from(held_, taken);
  CHECK(lots_.empty() == held_.base.is_zero());
  return taken;
}

AmountResult Book::unrealised(Price price) const {
  const auto value = value_at(held_.base, price, base_, quote_, Rounding::down);
  if (!value) return value;
  return minus(*value, held_.cost);
}

}  // namespace machines::costs
