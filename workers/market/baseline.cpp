#include "workers/market/baseline.hpp"

#include <algorithm>

namespace workers::market {
namespace {

using machines::Amount;
using machines::AmountError;
using machines::fail;
using machines::Nothing;
using machines::Result;
using machines::Rounding;

// The largest cost whose fee, rounded up, still fits: money / (1 + fee), rounded down.
machines::AmountResult spendable(const BaselineParams& params) {
  const auto minor = machines::multiply_divide(params.money.minor(), machines::ppm_of_one,
                                               machines::ppm_of_one + params.fee.ppm, Rounding::down);
  if (!minor) return fail(minor.error());
  return Amount::make(params.quote.id, *minor);
}

Result<Nothing, AmountError> buy(Baseline& held, const Bar& bar, const BaselineParams& params) {
  const auto price = machines::adjusted(bar.open, params.slippage, Rounding::up);
  if (!price) return fail(price.error());
  const auto budget = spendable(params);
  if (!budget) return fail(budget.error());
  const auto most = machines::bought_with(*budget, *price, params.base, params.quote, Rounding::down);
  if (!most) return fail(most.error());
  const Amount base = machines::rounded_to_lot(*most, params.lot);
  const auto cost = machines::value_at(base, *price, params.base, params.quote, Rounding::up);
  if (!cost) return fail(cost.error());
  const auto fee = machines::share_of(*cost, params.fee, Rounding::up);
  if (!fee) return fail(fee.error());
  const auto after_cost = machines::minus(params.money, *cost);
  if (!after_cost) return fail(after_cost.error());
  const auto cash_left = machines::minus(*after_cost, *fee);
  if (!cash_left) return fail(cash_left.error());
  held.base = base;
  held.cash = *cash_left;
  held.fee = *fee;
  held.paid = *price;
  held.bought_at = bar.opens_at;
  return Nothing{};
}

}  // namespace

Result<Baseline, AmountError> buy_and_hold(const std::vector<Bar>& bars, const BaselineParams& params) {
  if (params.money.asset() != params.quote.id || params.lot.asset() != params.base.id)
    return fail(AmountError::asset_mismatch);
  Baseline held{{}, Amount::zero(params.base.id), params.money, Amount::zero(params.quote.id), {}, {}};
  held.equity.reserve(bars.size());
  machines::Price mark;
  for (const Bar& bar : bars) {
    if (held.paid.e8 == 0 && bar.opens_at >= params.start && !bar.absurd()) {
      const auto bought = buy(held, bar, params);
      if (!bought) return fail(bought.error());
      mark = bar.open;
    }
    if (bar.close_sound) mark = bar.close;
    const auto worth = machines::value_at(held.base, mark, params.base, params.quote, Rounding::down);
    if (!worth) return fail(worth.error());
    const auto equity = machines::plus(held.cash, *worth);
    if (!equity) return fail(equity.error());
    held.equity.push_back(*equity);
  }
  return held;
}

Baseline cash(const std::vector<Bar>& bars, const BaselineParams& params) {
  const Amount none = Amount::zero(params.quote.id);
  return {std::vector<Amount>(bars.size(), params.money), Amount::zero(params.base.id), params.money, none, {}, {}};
}

}  // namespace workers::market
