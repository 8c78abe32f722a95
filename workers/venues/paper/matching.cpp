#include "workers/venues/paper/matching.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "ledger/env/sha256.hpp"
#include "machines/core/names.hpp"

namespace workers::venues::paper {
namespace {

using machines::Amount;
using machines::Instant;
using machines::Int128;
using machines::ppm_of_one;
using machines::Price;
using machines::Rate;
using machines::Rounding;
using schemas::Side;

constexpr std::int64_t most_fee_ppm = 100'000;
constexpr std::int64_t most_shift_ppm = 500'000;  // half spread and slippage together
constexpr std::int64_t least_part_ppm = 200'000, most_part_ppm = 800'000;

// Three independent draws; which one is for what never changes.
struct Draws {
  std::array<std::uint64_t, 4> words;
  // In [0, count). REQUIRES: 0 < count <= 2^32, where the bias is below 2^-32.
  [[nodiscard]] std::int64_t below(std::size_t which, std::int64_t count) const {
    return static_cast<std::int64_t>(words[which] % static_cast<std::uint64_t>(count));
  }
  [[nodiscard]] std::int64_t slippage(Rate most) const { return below(0, most.ppm + 1); }
  [[nodiscard]] bool is_partial(Rate chance) const { return below(1, ppm_of_one) < chance.ppm; }
  [[nodiscard]] Rate part() const { return {least_part_ppm + below(2, most_part_ppm - least_part_ppm + 1)}; }
  [[nodiscard]] bool is_rejected(Rate chance) const { return below(3, ppm_of_one) < chance.ppm; }
};

Draws draw(std::uint64_t seed, const std::string& symbol, Instant at, Side side, Int128 quantity) {
  const std::string text = fmt::format("bursar paper venue 1|{}|{}:{}|{}|{}|{}", seed, symbol.size(), symbol, at.us,
                                       machines::name_of(side), machines::to_text(quantity));
  const auto digest = ledger::env::sha256(text);
  Draws draws{};
  for (std::size_t i = 0; i < digest.size(); ++i) draws.words[i / 8] = draws.words[i / 8] << 8 | digest[i];
  return draws;
}

// The multiple of `tick` at or beyond `price` on the taker's bad side.
std::optional<Price> to_tick(Price price, Price tick, Side side) {
  const std::int64_t below = price.e8 / tick.e8 * tick.e8;
  if (side == Side::sell || below == price.e8) return Price{below};
  if (below > INT64_MAX - tick.e8) return std::nullopt;
  return Price{below + tick.e8};
}

// What the taker pays or gets. Nothing when the price leaves the range or falls to 0.
std::optional<Price> taker_price(const Market& market, Price open, Side side, std::int64_t shift_ppm) {
  const Rate shift{side == Side::buy ? shift_ppm : -shift_ppm};
  const auto moved = machines::adjusted(open, shift, side == Side::buy ? Rounding::up : Rounding::down);
  if (!moved) return std::nullopt;
  const auto price = to_tick(*moved, market.tick, side);
  if (!price || price->e8 <= 0) return std::nullopt;
  return price;
}

struct Trade {
  Amount base, quote, fee;
  std::string fee_asset;  // empty: the quote
};
using Traded = machines::Result<Trade, machines::AmountError>;

// The trade with its fee, in whatever the venue takes it in.
Traded with_fee(const Market& market, Side side, Amount base, Amount quote) {
  const Rate rate = market.instrument.taker_fee;
  const FeeRule& rule = market.fees;
  const bool in_base = rule.in == FeesIn::received && side == Side::buy;
  const auto fee = machines::share_of(in_base ? base : quote, rate, Rounding::up);
  if (!fee) return machines::fail(fee.error());
  if (in_base) return Trade{base, quote, *fee, market.instrument.base.code};
  if (rule.in != FeesIn::coin) return Trade{base, quote, *fee, ""};
  const auto coins = machines::bought_with(*fee, rule.coin_price, rule.coin, market.instrument.quote, Rounding::up);
  if (!coins) return machines::fail(coins.error());
  return Trade{base, quote, *coins, rule.coin.code};
}

// A fee in quote is part of the budget. Then cost and fee fit: with net = floor(budget / (1 + fee rate)), cost <= net
// and ceil(net * rate) <= budget - net.
Traded buy(const Market& market, Price price, Amount budget) {
  const auto& [base_asset, quote_asset, lot, minimum, maker, taker] = market.instrument;
  const std::int64_t fee_ppm = market.fees.in == FeesIn::quote ? taker.ppm : 0;
  const auto net = machines::multiply_divide(budget.minor(), ppm_of_one, ppm_of_one + fee_ppm, Rounding::down);
  if (!net) return machines::fail(net.error());
  const auto most = machines::bought_with(Amount(quote_asset.id, *net), price, base_asset, quote_asset, Rounding::down);
  if (!most) return machines::fail(most.error());
  const Amount base = machines::rounded_to_lot(*most, lot);
  const auto cost = machines::value_at(base, price, base_asset, quote_asset, Rounding::up);
  if (!cost) return machines::fail(cost.error());
  return with_fee(market, Side::buy, base, *cost);
}

Traded sell(const Market& market, Price price, Amount budget) {
  const auto& [base_asset, quote_asset, lot, minimum, maker, taker] = market.instrument;
  const Amount base = machines::rounded_to_lot(budget, lot);
  const auto quote = machines::value_at(base, price, base_asset, quote_asset, Rounding::down);
  if (!quote) return machines::fail(quote.error());
  return with_fee(market, Side::sell, base, *quote);
}

Traded trade(const Market& market, Price price, Side side, Amount budget) {
  return side == Side::buy ? buy(market, price, budget) : sell(market, price, budget);
}

Amount left_after(Side side, Amount left, const Trade& done) {
  const Int128 cost = done.quote.minor() + (done.fee_asset.empty() ? done.fee.minor() : 0);
  const Int128 spent = side == Side::buy ? cost : done.base.minor();
  return {left.asset(), left.minor() - spent};
}

bool is_something(const Trade& done) { return done.base.is_positive() && done.quote.is_positive(); }
bool is_enough(const Market& market, const Trade& done) {
  return is_something(done) && done.quote.minor() >= market.instrument.min_notional.minor();
}

Filled filled(const Resting& order, const schemas::OpenBar& bar, Price price, const Trade& done, bool complete) {
  return {{order.fills + 1, bar.opens_at, price, done.base.minor(), done.quote.minor(), done.fee.minor(), false,
           done.fee_asset},
          left_after(order.side, order.left, done),
          complete};
}

// A first part of the drawn size, when both it and the rest reach the minimum.
std::optional<Filled> part_fill(const Market& market, const Resting& order, const schemas::OpenBar& bar, Price price,
                                Rate share) {
  const auto budget = machines::share_of(order.left, share, Rounding::down);
  if (!budget) return std::nullopt;
  const auto part = trade(market, price, order.side, *budget);
  if (!part || !is_enough(market, *part)) return std::nullopt;
  const auto rest = trade(market, price, order.side, left_after(order.side, order.left, *part));
  if (!rest || !is_enough(market, *rest)) return std::nullopt;
  return filled(order, bar, price, *part, false);
}

bool is_share(Rate rate) { return rate.ppm >= 0 && rate.ppm <= ppm_of_one; }

}  // namespace

std::string PaperRules::validate() const {
  if (!is_share(partial_fill))
    return fmt::format("partial fill chance {} ppm: must be 0 to 1,000,000", partial_fill.ppm);
  if (!is_share(reject)) return fmt::format("reject chance {} ppm: must be 0 to 1,000,000", reject.ppm);
  if (half_spread.ppm < 0) return fmt::format("half spread {} ppm: must not be negative", half_spread.ppm);
  if (slippage.ppm < 0) return fmt::format("slippage {} ppm: must not be negative", slippage.ppm);
  if (half_spread.ppm > most_shift_ppm || slippage.ppm > most_shift_ppm - half_spread.ppm)
    return fmt::format("half spread {} ppm and slippage {} ppm: together at most {}", half_spread.ppm, slippage.ppm,
                       most_shift_ppm);
  return {};
}

std::string Market::validate() const {
  const auto& [base, quote, lot, minimum, maker, taker] = instrument;
  if (symbol.empty()) return "a market needs a symbol, for instance ETH/USDT";
  if (base.id == quote.id) return fmt::format("{}: base and quote are the same asset", symbol);
  if (lot.asset() != base.id || !lot.is_positive())
    return fmt::format("{}: the lot must be a positive amount of {}", symbol, base.code);
  if (minimum.asset() != quote.id || minimum.is_negative())
    return fmt::format("{}: the minimum notional must be an amount of {}, 0 or more", symbol, quote.code);
  for (const Rate fee : {maker, taker})
    if (fee.ppm < 0 || fee.ppm > most_fee_ppm)
      return fmt::format("{}: a fee of {} ppm: must be 0 to {}", symbol, fee.ppm, most_fee_ppm);
  if (tick.e8 <= 0) return fmt::format("{}: the tick must be positive", symbol);
  if (fees.in != FeesIn::coin) return {};
  if (fees.coin.code.empty() || fees.coin.code == base.code || fees.coin.code == quote.code)
    return fmt::format("{}: fees in coins need a coin that is neither {} nor {}", symbol, base.code, quote.code);
  if (fees.coin_price.e8 <= 0) return fmt::format("{}: the price of {} must be positive", symbol, fees.coin.code);
  return {};
}

Match match(const PaperRules& rules, const Market& market, const Resting& order, const schemas::OpenBar& bar) {
  if (bar.opens_at <= order.placed_at) return Untouched{};
  const Draws draws = draw(rules.seed, market.symbol, bar.opens_at, order.side, order.left.minor());
  const auto price = taker_price(market, bar.open, order.side, rules.half_spread.ppm + draws.slippage(rules.slippage));
  if (!price) return Dropped{"unpriceable"};
  const bool is_first = order.fills == 0;
  if (is_first && draws.is_partial(rules.partial_fill))
    if (const auto part = part_fill(market, order, bar, *price, draws.part())) return *part;
  const auto whole = trade(market, *price, order.side, order.left);
  if (!whole) return Dropped{"unpriceable"};
  if (is_first ? !is_enough(market, *whole) : !is_something(*whole)) return Dropped{"below_minimum"};
  return filled(order, bar, *price, *whole, true);
}

Match match_by_hand(const Market& market, Side side, Amount size, const schemas::OpenBar& bar) {
  const auto whole = trade(market, bar.open, side, size);
  if (!whole) return Dropped{"unpriceable"};
  if (!is_enough(market, *whole)) return Dropped{"below_minimum"};
  return filled({side, size, bar.opens_at, 0}, bar, bar.open, *whole, true);
}

Market with_fees_in_quote(Market market) {
  market.fees = {};
  return market;
}

std::string_view refusal_on_placing(const PaperRules& rules, const Market& market, const schemas::PlaceOrder& order) {
  if (order.size <= 0) return "bad_size";
  // Cost and fee fit the size of a purchase, so that a size below the minimum can never reach it.
  const auto& least = order.side == Side::buy ? market.instrument.min_notional : market.instrument.lot;
  if (order.size < least.minor()) return "below_minimum";
  const Draws draws = draw(rules.seed, market.symbol, order.placed_at, order.side, order.size);
  return draws.is_rejected(rules.reject) ? "drawn_reject" : "";
}

}  // namespace workers::venues::paper
