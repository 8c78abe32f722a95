// workers/market/baseline.hpp: what the same money would have become without any strategy: bought once and held, or
// left as cash. Pure: no I/O, no clock, no float, no throw.
#pragma once

#include <vector>

#include "machines/core/amount.hpp"
#include "machines/core/result.hpp"
#include "workers/market/bars.hpp"

namespace workers::market {

struct BaselineParams {
  machines::Asset base, quote;
  machines::Amount money;   // in quote: what the sleeves got, all together
  machines::Amount lot;     // in base: the venue's smallest step
  machines::Rate fee;       // taker fee, of the quote that is paid
  machines::Rate slippage;  // half spread and slippage: the price paid lies this much above the open
  machines::Instant start;  // buys at the first sound open at or after this
};

struct Baseline {
  std::vector<machines::Amount> equity;  // in quote, one per bar: the value at its close
  machines::Amount base, cash, fee;      // after the purchase; no base when no bar had a sound open
  machines::Price paid;                  // 0 when nothing was bought
  machines::Instant bought_at;
};

// Buys as much base as `money` pays for, fee included, rounded down to the lot; then holds. A bar's value is marked at
// its close, or at the last sound close before where its own is absurd. Nothing is sold, so no second fee is taken.
// REQUIRES: bars sorted by time. Errors: overflow, and asset_mismatch where money or lot is of another asset.
machines::Result<Baseline, machines::AmountError> buy_and_hold(const std::vector<Bar>& bars,
                                                               const BaselineParams& params);

// The money itself, once per bar.
Baseline cash(const std::vector<Bar>& bars, const BaselineParams& params);

}  // namespace workers::market
