#include "tests/machines/sleeve_cycle/house.hpp"

#include <algorithm>

namespace tests {

namespace cycle = machines::sleeve_cycle;
namespace order = machines::order;
using machines::Amount;
using machines::Int128;
using machines::Price;
using machines::Rounding;

machines::Instrument eth_usdt() {
  return {
      {eth,  "ETH", 18},
      {usdt,  "USDT", 8},
      Amount(eth, machines::power_of_ten(14)),
      Amount(usdt, 500'000'000), {1'000},
      {1'000  }
  };
}

House::House(machines::SleeveKind kind, Int128 allocation) : kind_(kind), allocation_(usdt, allocation) {
  book_.put(accounts_.quote, allocation);
  data_.cost = data_.proceeds = data_.fees = data_.realized = Amount::zero(usdt);
  data_.base = Amount::zero(eth);
}

cycle::Facts House::facts() const {
  cycle::Facts facts;
  facts.data = data_;
  facts.kind = kind_;
  facts.allocation = allocation_;
  facts.accounts = accounts_;
  facts.instrument = instrument_;
  facts.window = window_;
  facts.high_since = high_since_;
  facts.quote_available = Amount(usdt, book_.available(accounts_.quote));
  facts.base_available = Amount(eth, book_.available(accounts_.base));
  return facts;
}

void House::apply(const std::vector<machines::Posting>& postings, machines::InstanceId instance, std::int64_t version) {
  if (const auto wrong = book_.apply(postings, instance, version)) broken_ += *wrong + '\n';
}

void House::look(const std::vector<Price>& closes) {
  if (state_ != cycle::watching && state_ != cycle::holding) return;
  const auto ago = [&](std::size_t bars) -> std::optional<Price> {
    if (closes.size() <= bars) return std::nullopt;
    return closes[closes.size() - 1 - bars];
  };
  window_ = {ago(0), ago(1), ago(4)};
  if (state_ == cycle::holding)
    high_since_ = high_since_ ? Price{std::max(high_since_->e8, closes.back().e8)} : closes.back();
  const auto step = cycle::look(state_, facts());
  if (!step) broken_ += "look refused\n";
  if (step && step->has_value()) take(**step, {}, {cycle_, version_ + 1, 0});
}

void House::take(const cycle::Step& step, std::vector<machines::Posting> before, machines::HoldKey step_key) {
  const auto first_leg = static_cast<std::int32_t>(before.size()) + 1;
  before.insert(before.end(), step.postings.begin(), step.postings.end());
  apply(before, step_key.instance, step_key.version);
  state_ = step.to;
  data_ = step.data;
  ++version_;
  if (step.event == cycle::entry_filled) high_since_ = std::nullopt;
  if (step.order) {
    order::Data data;
    data.is_buy = step.order->is_buy;
    data.size = data.held = step.order->size;
    data.hold = {step_key.instance, step_key.version, first_leg};
    data.base = Amount::zero(eth);
    data.quote = data.fees = Amount::zero(usdt);
    order_ = order::Facts{{next_id_++}, 1, data, accounts_, instrument_};
    order_state_ = order::drafted;
    tell({
        order::send, {0, Amount::zero(eth), Amount::zero(usdt), Amount::zero(usdt), {}, {}},
         ""
    });
  }
  if (!step.next_cycle) return;
  closed_.push_back(data_);
  data_ = *step.next_cycle;
  state_ = cycle::watching;
  cycle_ = {next_id_++};
  version_ = 1;
}

void House::tell(const order::Message& message) {
  const auto step = order::decide(order_state_, *order_, message);
  if (!step) {
    broken_ += "order refused " + std::string(machines::name_of(message.event)) + '\n';
    return;
  }
  order_state_ = step->to;
  order_->data = step->data;
  const machines::HoldKey key{order_->instance, ++order_->version, 0};
  if (!order::transitions.is_final(step->to)) return apply(step->postings, key.instance, key.version);
  auto own = facts();
  for (auto [account, amount] : {
           std::pair{accounts_.quote, &own.quote_available},
           std::pair{accounts_.base,  &own.base_available }
  }) {
    const auto change = machines::change_of_available(account, step->postings, step->resolved);
    *amount = Amount(amount->asset(), amount->minor() + change.value());
  }
  const auto ended = cycle::order_ended(state_, own, order::summary_of(step->data));
  order_.reset();
  if (!ended) {
    broken_ += "the cycle refused\n";
    return;
  }
  take(*ended, step->postings, key);
}

order::NewFills House::fill_of(Price price, Int128 part) const {
  const auto& i = instrument_;
  Amount base(eth, part);
  if (order_->data.is_buy) {
    const Amount cost(usdt, machines::multiply_divide(part, 1'000'000, 1'001'000, Rounding::down).value());
    base = machines::bought_with(cost, price, i.base, i.quote, Rounding::down).value();
  }
  base = machines::rounded_to_lot(base, i.lot);
  const bool is_buy = order_->data.is_buy;
  const Amount quote = machines::value_at(base, price, i.base, i.quote, is_buy ? Rounding::up : Rounding::down).value();
  const Amount fee = machines::share_of(quote, i.taker_fee, Rounding::up).value();
  return {base.is_positive() && quote.is_positive() ? 1 : 0, base, quote, fee, {1}, {1}};
}

void House::answer(Price price, std::int64_t share_ppm, int parts) {
  const Int128 wanted =
      machines::multiply_divide(order_->data.size.minor(), share_ppm, 1'000'000 * parts, Rounding::down).value();
  const order::NewFills none{0, Amount::zero(eth), Amount::zero(usdt), Amount::zero(usdt), {}, {}};
  for (int part = 1; part <= parts; ++part) {
    const auto fills = fill_of(price, wanted);
    const bool full = share_ppm == 1'000'000 && part == parts;
    if (fills.count > 0) tell({full ? order::fill : order::part_fill, fills, ""});
    if (!order_) return;
  }
  tell({order::confirm_cancel, none, ""});
}

void House::reject() {
  tell({
      order::reject, {0, Amount::zero(eth), Amount::zero(usdt), Amount::zero(usdt), {}, {}},
       "told_to"
  });
}

}  // namespace tests
