// workers/venues/paper/matching.hpp: what a resting market order gets at the open of a bar. Each fill depends on the
// rules, the market, the order and the bar alone: never on an id, on the order of arrival or on other orders, which
// share no liquidity. (Whether a bar's fees are taken in coins is for the store to say: it knows the account.) Pure: no
// I/O, no clock, no throw.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "machines/core/amount.hpp"
#include "machines/core/instant.hpp"
#include "machines/core/sleeve.hpp"
#include "schemas/codec/messages.hpp"

namespace workers::venues::paper {

// How the simulated exchange behaves. All chances are drawn from hash(seed, symbol, bar, side, quantity).
struct PaperRules {
  machines::Rate half_spread{100};       // the taker pays open + this, or gets open - this
  machines::Rate slippage{200};          // at most; drawn per fill, always against the taker
  machines::Rate partial_fill{150'000};  // chance that a drawn 20 to 80 % fills first, the rest at the next bar
  machines::Rate reject{0};              // chance that an order is rejected when it is placed
  std::uint64_t seed = 1;
  // Nothing, or what is wrong.
  [[nodiscard]] std::string validate() const;
};

// What the venue takes its fees in.
enum class FeesIn { quote, received, coin };  // received: base of a purchase, quote of a sale
struct FeeRule {
  FeesIn in = FeesIn::quote;
  machines::Asset coin;        // where in coins
  machines::Price coin_price;  // quote per coin: what a fee's value is converted at
};

// One pair that is traded. Market orders only, so every fill takes; the maker fee is kept for limit orders.
struct Market {
  std::string symbol;  // ETH/USDT
  machines::Instrument instrument;
  machines::Price tick{1'000'000};  // the smallest step of a price
  FeeRule fees = {};
  // Nothing, or what is wrong.
  [[nodiscard]] std::string validate() const;
};

// What the matching may know of an order. left: buy: quote still to spend, a fee in quote included; sell: base still
// to sell.
struct Resting {
  schemas::Side side = schemas::Side::buy;
  machines::Amount left;
  machines::Instant placed_at;
  int fills = 0;  // so far
};

// The order gets this fill; `left` is what it keeps. complete: it is filled, what is left is given back (dust of a
// sale, change of a purchase).
struct Filled {
  schemas::Fill fill;
  machines::Amount left;
  bool complete = true;
};
// The venue drops the order (or what is left of it): below_minimum, unpriceable.
struct Dropped {
  std::string_view reason;
};
// The bar is not for this order: it was placed at or after its open.
struct Untouched {};
using Match = std::variant<Untouched, Filled, Dropped>;

// Buy: cost, with a fee in quote, <= left; base rounded down to the lot. Sell: base rounded down to the lot, quote
// rounded down. The price is rounded against the taker to the tick, the fee up to the unit of what it is taken in: of a
// fee in coins, first its value in quote, then the coins. The minimum binds an order's first fill; where
// a part or the rest would be below it, all fills at once. The second fill always completes.
Match match(const PaperRules& rules, const Market& market, const Resting& order, const schemas::OpenBar& bar);

// What a person's market order gets at once at this open: all of it, without spread or slippage; the minimum binds.
Match match_by_hand(const Market& market, schemas::Side side, machines::Amount size, const schemas::OpenBar& bar);

// The market as it is while the account lacks coins for its fees.
Market with_fees_in_quote(Market market);

// Why an order is refused when it is placed, or "": bad_size (not positive), below_minimum (it can't reach the minimum
// or a lot at any price), drawn_reject (the rules' chance).
std::string_view refusal_on_placing(const PaperRules& rules, const Market& market, const schemas::PlaceOrder& order);

}  // namespace workers::venues::paper
