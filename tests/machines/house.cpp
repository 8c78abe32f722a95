#include "tests/machines/house.hpp"

#include <algorithm>

namespace tests {

namespace allocation = machines::allocation;
namespace cycle = machines::sleeve_cycle;
namespace order = machines::order;
using machines::Amount;
using machines::Int128;
using machines::Price;
using machines::Rounding;

machines::Instrument eth_usdt() {
  return {{eth, "ETH", 18},          {usdt, "USDT", 8}, Amount(eth, machines::power_of_ten(14)),
          Amount(usdt, 500'000'000), {1'000},           {1'000}};
}

House::House(machines::SleeveKind kind, Int128 allocation, Start start, Witness* witness)
    : kind_(kind), allocation_(usdt, start == Start::empty ? 0 : allocation), witness_(witness) {
  if (start == Start::empty) return;
  book_.put(accounts_.quote, allocation);
  start_cycle(std::nullopt);
}

void House::start_cycle(const std::optional<cycle::Data>& data) {
  cycle::Data first;
  first.cost = first.proceeds = first.fees = first.realized = Amount::zero(usdt);
  first.base = Amount::zero(eth);
  data_ = data.value_or(first);
  state_ = cycle::watching;
  cycle_ = {next_id_++};
  version_ = 1;
  has_cycle_ = true;
}

void House::move(allocation::Movement movement, Int128 amount, Int128 reserve) {
  allocation::Facts facts;
  facts.data = {movement, Amount(usdt, amount), Amount(usdt, reserve), "treasurer", "to trade", "",
                outside,  vault_reserve,        accounts_.tradeable};
  facts.sleeve_quote = accounts_.quote;
  facts.tradeable_available = Amount(usdt, book_.available(accounts_.tradeable));
  facts.sleeve_available = Amount(usdt, book_.available(accounts_.quote));
  facts.sleeve_has_cycle = has_cycle_;
  facts.sleeve_allocation = allocation_;
  const auto step = allocation::decide(allocation::requested, facts);
  if (witness_ != nullptr) witness_->moved(allocation::requested, facts, step);
  if (!step) return;
  if (step->allocation) allocation_ = *step->allocation;
  apply(step->postings, {next_id_++}, 2);
  if (step->starts_cycle) start_cycle(std::nullopt);
}

std::optional<Price> House::close_of(std::int64_t hour) const {
  const auto at = closes_.find(hour);
  return at == closes_.end() ? std::nullopt : std::optional(at->second);
}

std::optional<Price> House::high_since_entry() const {
  std::optional<Price> high;
  if (state_ != cycle::holding) return high;
  for (auto at = closes_.lower_bound(data_.entered_at.us / hour_us); at != closes_.end(); ++at)
    high = std::max(high.value_or(Price{0}), at->second);
  return high;
}

cycle::Facts House::facts() const {
  cycle::Facts facts;
  facts.world_at = world_at_;
  facts.data = data_;
  facts.kind = kind_;
  facts.allocation = allocation_;
  facts.accounts = accounts_;
  facts.instrument = instrument_;
  facts.window = {close_of(last_hour_), close_of(last_hour_ - 1), close_of(last_hour_ - 4)};
  facts.high_since = high_since_entry();
  facts.quote_available = Amount(usdt, book_.available(accounts_.quote));
  facts.base_available = Amount(eth, book_.available(accounts_.base));
  if (entries_stopped_) facts.frozen = machines::Frozen::entries;
  facts.paused = paused_;
  return facts;
}

void House::apply(const std::vector<machines::Posting>& postings, machines::InstanceId instance, std::int64_t version) {
  if (const auto wrong = book_.apply(postings, instance, version)) broken_ += *wrong + '\n';
}

void House::close_bar(std::int64_t hour, std::optional<Price> close) {
  last_hour_ = hour;
  world_at_ = machines::next_bar_close({hour * hour_us});
  if (close) closes_[hour] = *close;
  if (!has_cycle_ || (state_ != cycle::watching && state_ != cycle::holding)) return;
  const cycle::Facts seen = facts();
  const auto step = cycle::decide(state_, seen, {cycle::Told::look});
  if (witness_ != nullptr) witness_->looked(state_, seen, step);
  if (!step) broken_ += "a look was refused\n";
  if (step && step->has_value()) take(**step, {}, {cycle_, version_ + 1, 0});
}

void House::resume() {
  paused_ = false;
  if (state_ != cycle::paused) return;
  const cycle::Facts seen = facts();
  const auto step = cycle::decide(state_, seen, {cycle::Told::resume});
  if (witness_ != nullptr && step) witness_->looked(state_, seen, step);
  if (step) take(**step, {}, {cycle_, version_ + 1, 0});
}

void House::put_coins(Int128 amount) {
  has_coins_ = true;
  book_.put(coins, amount);
}

void House::take(const cycle::Step& step, std::vector<machines::Posting> before, machines::HoldKey step_key) {
  const auto first_leg = static_cast<std::int32_t>(before.size()) + 1;
  before.insert(before.end(), step.postings.begin(), step.postings.end());
  apply(before, step_key.instance, step_key.version);
  state_ = step.to;
  data_ = step.data;
  ++version_;
  if (step.order) give_birth(*step.order, {step_key.instance, step_key.version, first_leg});
  if (!step.next_cycle) return;
  closed_.push_back(data_);
  start_cycle(step.next_cycle);
}

void House::give_birth(const machines::OrderDraft& draft, machines::HoldKey hold) {
  order::Data data;
  data.symbol = "ETH/USDT";
  data.is_buy = draft.is_buy;
  data.size = data.held = draft.size;
  data.hold = hold;
  data.base = data.fees_base = Amount::zero(eth);
  data.quote = data.fees = Amount::zero(usdt);
  data.placed_at = world_at_;
  order_ = order::Facts{{next_id_++}, 1, data, accounts_, instrument_};
  order_state_ = order::drafted;
}

bool House::tell(order::Event event, const order::NewFills& fills, const std::string& reason) {
  const order::Message message{event, fills, reason};
  if (has_coins_) order_->fee_payer = coins;
  order_->fee_funds = book_.available(coins);
  const auto step = order::decide(order_state_, *order_, message);
  if (witness_ != nullptr) witness_->order_told(order_state_, *order_, message, step);
  if (!step) return false;
  order_state_ = step->to;
  order_->data = step->data;
  const machines::HoldKey key{order_->instance, ++order_->version, 0};
  if (order::transitions.is_final(step->to))
    end_order(*step, key);
  else
    apply(step->postings, key.instance, key.version);
  return true;
}

void House::end_order(const order::Step& step, machines::HoldKey step_key) {
  auto own = facts();
  Book after = book_;
  if (const auto wrong = after.apply(step.postings, step_key.instance, step_key.version)) broken_ += *wrong + '\n';
  for (auto [account, amount] :
       {std::pair{accounts_.quote, &own.quote_available}, std::pair{accounts_.base, &own.base_available}}) {
    const auto change = machines::change_of_available(account, step.postings, step.resolved);
    *amount = Amount(amount->asset(), amount->minor() + change.value());
    if (amount->minor() != after.available(account)) broken_ += "what is available was told wrong\n";
  }
  const auto summary = order::summary_of(step.data);
  const auto ended = cycle::decide(state_, own, {cycle::Told::order_ended, summary});
  if (witness_ != nullptr) witness_->order_ended(state_, own, summary, ended);
  order_.reset();
  if (ended)
    take(**ended, step.postings, step_key);
  else
    broken_ += "the cycle refused its order's end\n";
}

order::NewFills House::no_fills() { return {0, Amount::zero(eth), Amount::zero(usdt), Amount::zero(usdt), {}, {}}; }

order::NewFills House::fill_of(Price price, Int128 part) const {
  const auto& i = instrument_;
  const bool is_buy = order_->data.is_buy;
  Amount base(eth, part);
  if (is_buy) {
    const Amount cost(usdt, machines::multiply_divide(part, 1'000'000, 1'001'000, Rounding::down).value());
    base = machines::bought_with(cost, price, i.base, i.quote, Rounding::down).value();
  }
  base = machines::rounded_to_lot(base, i.lot);
  const Amount quote = machines::value_at(base, price, i.base, i.quote, is_buy ? Rounding::up : Rounding::down).value();
  const Amount fee = machines::share_of(quote, i.taker_fee, Rounding::up).value();
  if (!base.is_positive() || !quote.is_positive()) return no_fills();
  return {1, base, quote, fee, next_open(), next_open()};
}

order::NewFills House::fill_of_share(Price price, std::int64_t share_ppm) const {
  return fill_of(price, machines::share_of(order_->data.size, {share_ppm}, Rounding::down)->minor());
}

void House::must(order::Event event, const order::NewFills& fills, const std::string& reason) {
  if (!tell(event, fills, reason)) broken_ += "the order refused " + std::string(machines::name_of(event)) + '\n';
}

void House::answer(Price price, std::int64_t share_ppm, int parts) {
  must(order::send, no_fills(), "");
  const auto wanted = machines::share_of(order_->data.size, {share_ppm}, Rounding::down)->minor() / parts;
  for (int part = 1; part <= parts; ++part) {
    const auto fills = fill_of(price, wanted);
    const bool full = share_ppm == machines::ppm_of_one && part == parts;
    if (fills.count > 0) must(full ? order::fill : order::part_fill, fills, "");
    if (!order_) return;
  }
  must(order::confirm_cancel, no_fills(), "");
}

void House::reject() {
  must(order::send, no_fills(), "");
  must(order::reject, no_fills(), "told_to");
}

}  // namespace tests
