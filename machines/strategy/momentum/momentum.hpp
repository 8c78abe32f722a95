// machines/strategy/momentum/momentum.hpp: momentum with a trend filter, a net stop-loss and a trailing exit: the
// user's own rules. Momentum is by time, not by bar count: a missing close gives no signal. All comparisons are exact
// integers. Pure, no throw.
#pragma once

#include <optional>
#include <string>

#include "machines/core/amount.hpp"

namespace machines::strategy {

// Defaults are the user's. Every rate is a share (ppm).
struct Momentum {
  Rate buy_momentum{12'500};  // buy when close / close one hour ago - 1 >= this ...
  Rate trend{2'000};          // ... and close / close four hours ago - 1 >= this
  Rate stop_loss{16'000};     // leave when the net gain <= -this
  Rate arm{1'000};            // once the net gain at the high since entry has reached this ...
  Rate trail{1'000};          // ... leave on the first close this far below that high
  Rate hold_uptrend{11'000};  // while close / close one hour ago - 1 >= this, nothing but the stop sells
  // Empty, or one sentence: which parameter can't be, and its range.
  [[nodiscard]] std::string validate() const;
};

// Closes exactly at the decision's time, one and four hours before; nothing where there is no sound bar.
struct Window {
  std::optional<Price> now, hour_ago, four_hours_ago;
};

// An open position: what it cost in quote, entry fee included, and how much base it is.
struct Position {
  Amount cost, base;
  Price high;  // the highest of the entry price and the closes since
};

// Why to sell, or not to.
enum class Exit { none, stop_loss, trail };

// Whether to buy now: both rises have come, exactly (now / then - 1 >= rate, in integers). False where one of the three
// closes is missing. REQUIRES: rules.validate() is empty.
bool wants_entry(const Momentum& rules, const Window& window);

// Net gain at a price: what selling all would bring after the taker fee, less the cost. The
// value is rounded down and the fee up: a gain is never stated too high. In minor units of `quote`. Errors: overflow,
// asset_mismatch.
AmountResult net_gain(const Position& position, Price price, Rate taker_fee, const Asset& base, const Asset& quote);

// Whether to sell now, and by which rule, in this order: the stop-loss (net gain <= -stop_loss of the cost); nothing
// while the uptrend holds; the trail, once the net gain at the high has reached `arm` of the cost. `none` without a
// close at the decision's time. REQUIRES: rules.validate() is empty. Errors: overflow.
Result<Exit, AmountError> wants_exit(const Momentum& rules, const Window& window, const Position& position,
                                     Rate taker_fee, const Asset& base, const Asset& quote);

}  // namespace machines::strategy
