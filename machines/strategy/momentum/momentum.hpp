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
  // Nothing, or which parameter can't be and why.
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

enum class Exit { none, stop_loss, trail };

bool wants_entry(const Momentum& rules, const Window& window);

// Net gain at a price: what selling all would bring after the taker fee, less the cost. Errors: overflow.
AmountResult net_gain(const Position& position, Price price, Rate taker_fee, const Asset& base, const Asset& quote);

// Errors: overflow. `none` without a close at the decision's time.
Result<Exit, AmountError> wants_exit(const Momentum& rules, const Window& window, const Position& position,
                                     Rate taker_fee, const Asset& base, const Asset& quote);

}  // namespace machines::strategy
