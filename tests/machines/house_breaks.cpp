// What others do on the account, and what a person says of it.
#include "tests/machines/house.hpp"

namespace tests {

namespace cycle = machines::sleeve_cycle;
namespace order = machines::order;
namespace reconciliation = machines::reconciliation;
using machines::Amount;

// REQUIRES: there was one of this asset.
House::Break& House::last_break(machines::AssetId asset) {
  for (auto one = breaks_.rbegin(); one != breaks_.rend(); ++one)
    if (one->data.amount.asset() == asset) return *one;
  CHECK(false);
  return breaks_.back();
}

void House::broke(Break& one, const reconciliation::Step& step) {
  one.state = step.to;
  one.data = step.data;
  ++one.version;
}

void House::differ(Amount by) {
  reconciliation::Data data;
  data.amount = by;
  data.external = by.asset() == usdt ? outside : outside_base;
  data.quarantine = by.asset() == usdt ? quarantine_quote : quarantine_base;
  const auto step = reconciliation::found(data);
  breaks_.push_back({{next_id_++}, 1, step.to, step.data});
  if (witness_ != nullptr) witness_->broke(step.from, step);
  apply(step.postings, breaks_.back().id, 1);
}

bool House::explain(machines::AssetId asset, reconciliation::Explanation as, Amount part) {
  Break& one = last_break(asset);
  const bool is_vaults = as == reconciliation::Explanation::deposit || as == reconciliation::Explanation::withdrawal;
  const auto place = is_vaults ? vault_reserve : asset == usdt ? accounts_.quote : accounts_.base;
  const auto step = reconciliation::explain_coins(
      one.state, {one.id, one.data, place, Amount(asset, book_.available(place))}, as, part);
  if (witness_ != nullptr) witness_->broke(one.state, step);
  if (!step) return false;
  const bool takes_base = place == accounts_.base && one.data.rest.is_negative() && state_ == cycle::holding;
  broke(one, *step);
  const machines::HoldKey key{one.id, one.version, 0};
  if (takes_base) return cycle_sold({part, Amount::zero(usdt), Amount::zero(usdt), {}}, step->postings, key);
  apply(step->postings, key.instance, key.version);
  return true;
}

bool House::take_back(machines::AssetId asset) {
  Break& one = last_break(asset);
  const auto place = one.data.done.empty() ? vault_reserve : one.data.done.back().place;
  const auto step =
      reconciliation::take_back(one.state, {one.id, one.data, place, Amount(asset, book_.available(place))});
  if (witness_ != nullptr) witness_->broke(one.state, step);
  if (!step) return false;
  broke(one, *step);
  apply(step->postings, one.id, one.version);
  return true;
}

bool House::explain_sale() {
  Break& base = last_break(eth);
  Break& quote = last_break(usdt);
  const auto sides = reconciliation::explain_sale(
      base.state, {base.id, base.data, accounts_.base, Amount(eth, book_.available(accounts_.base))}, quote.state,
      {quote.id, quote.data, accounts_.quote, Amount(usdt, book_.available(accounts_.quote))},
      Amount(eth, -base.data.rest.minor()), quote.data.rest);
  if (!sides) {
    if (witness_ != nullptr) witness_->broke(base.state, machines::fail(sides.error()));
    return false;
  }
  if (witness_ != nullptr) witness_->broke(base.state, sides->base);
  if (witness_ != nullptr) witness_->broke(quote.state, sides->quote);
  const machines::OrderSummary sold{Amount(eth, -base.data.rest.minor()), quote.data.rest, Amount::zero(usdt), {}};
  broke(base, sides->base);
  broke(quote, sides->quote);
  return cycle_sold(sold, sides->base.postings, {base.id, base.version, 0});
}

bool House::hand_over(machines::AssetId asset, const std::string& person) {
  Break& one = last_break(asset);
  const auto step = reconciliation::hand_over(one.state, one.data, person);
  if (witness_ != nullptr) witness_->broke(one.state, step);
  if (step) broke(one, *step);
  return step.has_value();
}

bool House::finish(machines::AssetId asset) {
  Break& one = last_break(asset);
  const auto step = reconciliation::finish(one.state, one.data);
  if (witness_ != nullptr) witness_->broke(one.state, step);
  if (step) broke(one, *step);
  return step.has_value();
}

bool House::sell_outside(const order::NewFills& fills) {
  const auto step = reconciliation::booked(
      {}, accounts_,
      {fills.base, fills.quote, fills.fees, Amount::zero(eth), Amount::zero(usdt), {0}, Amount::zero(usdt)});
  breaks_.push_back({{next_id_++}, 1, step.to, step.data});
  if (witness_ != nullptr) witness_->broke(step.from, step);
  return cycle_sold({fills.base, fills.quote, fills.fees, fills.first}, step.postings, {breaks_.back().id, 1, 0});
}

bool House::cycle_sold(const machines::OrderSummary& sold, const std::vector<machines::Posting>& before,
                       machines::HoldKey key) {
  auto own = facts();
  for (auto [account, amount] :
       {std::pair{accounts_.quote, &own.quote_available}, std::pair{accounts_.base, &own.base_available}})
    *amount =
        Amount(amount->asset(),
               amount->minor() + machines::change_of_available(account, before, Amount::zero(amount->asset())).value());
  const auto moved = cycle::decide(state_, own, {cycle::Told::sold_outside, sold});
  if (witness_ != nullptr) witness_->sold_outside(state_, own, moved);
  if (!moved) return false;
  take(**moved, before, key);
  return true;
}

}  // namespace tests
