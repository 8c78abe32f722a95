// deploy/replay/market_fit.hpp: tick, lot and smallest order of the paper venue's pair, where the configuration leaves
// them to the prices; and what would be too coarse, or could never trade. Pure: no I/O, no throw.
#pragma once

#include <string>
#include <vector>

#include "schemas/config/config.hpp"
#include "workers/market/bars.hpp"

namespace deploy {

// The configuration with the three of them set. A tick is the largest power of ten up to 0.02 % of the lowest sound
// close, at most 0.01; a smallest order is 10 in dollars and euros, else the largest power of ten up to 1/10,000 of the
// Tradeable Coins; a lot is the largest power of ten worth up to 5 % of the smallest order at the highest sound close,
// at most 0.0001 where a coin is worth 100 or more. What was set stays. REQUIRES: bars.
schemas::config::Config fitted(schemas::config::Config config, const std::string& base, const std::string& quote,
                               const std::vector<workers::market::Bar>& bars);

// Why a tick or a lot that was set does not fit these prices, with the figure; empty when they do. A tick is too coarse
// above 0.1 % of the lowest sound close, a lot when one is worth more than the smallest order and more than 0.1 % of
// the smallest sleeve's allocation.
std::string too_coarse(const schemas::config::Config& config, const std::string& base, const std::string& quote,
                       const std::vector<workers::market::Bar>& bars);

// What a venue that knows no prices would have to be told of this pair; empty where all three are set, and for ETH in
// dollars or euros, whose market is as large exchanges have it.
std::string unset_market(const schemas::config::Config& config, const std::string& base, const std::string& quote);

// One sentence for each sleeve that has less than the smallest order: it can't trade. REQUIRES: fitted.
std::vector<std::string> cannot_trade(const schemas::config::Config& config, const std::string& symbol,
                                      const std::string& quote);

}  // namespace deploy
