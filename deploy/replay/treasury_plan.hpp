// deploy/replay/treasury_plan.hpp: what a configuration means for one pair: its assets, instrument and sleeves. Pure.
#pragma once

#include "deploy/replay/opening.hpp"
#include "schemas/config/config.hpp"
#include "workers/venues/paper/matching.hpp"
#include "workers/venues/properties.hpp"

namespace deploy {

// Default scales: USD, USDT, USDC, BTC 8; other coins 18. Quote is asset 1, base asset 2.
machines::Instrument instrument_of(const schemas::config::Config& config, const std::string& base,
                                   const std::string& quote);
// Why these prices can't be traded with this configuration, and what to do; empty when they can.
std::string objection(const schemas::config::Config& config, const workers::market::PriceFile& prices);
// What the paper venue takes its fees in; a coin is asset 3.
workers::venues::paper::FeeRule fee_rule_of(const schemas::config::PaperConfig& paper);
// REQUIRES: its configuration is valid.
workers::venues::VenueProperties properties_of(const schemas::config::PropertiesConfig& config);
// REQUIRES: no objection.
TreasurySpec treasury_of(const schemas::config::Config& config, const workers::market::PriceFile& prices);

}  // namespace deploy
