#include "deploy/replay/treasury_plan.hpp"

#include <fmt/format.h>

#include "deploy/replay/market_fit.hpp"
#include "machines/core/names.hpp"

namespace deploy {

using machines::Amount;
using schemas::config::Decimal;

namespace {

constexpr machines::AssetId quote_id{1};
constexpr machines::AssetId base_id{2};
constexpr machines::AssetId fee_coin_id{3};

// A decimal that validate() has let pass fits its asset's scale.
Amount amount_of(const Decimal& value, const machines::Asset& asset) {
  const auto minor = value.at_scale(asset.scale);
  return {asset.id, minor.value_or(0)};
}

}  // namespace

machines::Instrument instrument_of(const schemas::config::Config& config, const std::string& base,
                                   const std::string& quote) {
  const machines::Asset base_asset{base_id, base, schemas::config::default_scale(base)};
  const machines::Asset quote_asset{quote_id, quote, schemas::config::default_scale(quote)};
  // What neither a file nor prices have said is as large exchanges have it for ETH.
  const auto or_else = [](const Decimal& set, const char* usual) {
    return set.units == 0 ? *Decimal::parse(usual) : set;
  };
  return {base_asset,
          quote_asset,
          amount_of(or_else(config.paper.lot, "0.0001"), base_asset),
          amount_of(or_else(config.paper.min_notional, "10"), quote_asset),
          config.paper.maker_fee,
          config.paper.taker_fee};
}

std::string objection(const schemas::config::Config& config, const workers::market::PriceFile& prices) {
  if (prices.quote != config.vault.asset)
    return fmt::format(
        "the prices are of {} in {}, and the vault holds {}; write vault.asset = \"{}\" in --config, or give prices in "
        "{}",
        prices.base, prices.quote, config.vault.asset, prices.quote, config.vault.asset);
  const int decimals = schemas::config::default_scale(prices.base);
  if (!config.paper.lot.at_scale(decimals))
    return fmt::format("venue.paper.lot is {}, and {} has {} decimals; write a larger lot in --config",
                       config.paper.lot.text(), prices.base, decimals);
  if (config.paper.fee_asset == prices.base)
    return fmt::format(
        "venue.paper.fee_asset is {}, which the prices are of; write \"received\" or another coin's code", prices.base);
  return too_coarse(config, prices.base, prices.quote, prices.bars);
}

workers::venues::paper::FeeRule fee_rule_of(const schemas::config::PaperConfig& paper) {
  using workers::venues::paper::FeesIn;
  if (!paper.takes_coins()) return {paper.fee_asset == "quote" ? FeesIn::quote : FeesIn::received, {}, {}};
  const machines::Asset coin{fee_coin_id, paper.fee_asset, schemas::config::default_scale(paper.fee_asset)};
  return {FeesIn::coin, coin, {static_cast<std::int64_t>(paper.fee_price.at_scale(8).value_or(0))}};
}

workers::venues::VenueProperties properties_of(const schemas::config::PropertiesConfig& config) {
  using Ids = workers::venues::VenueProperties::Ids;
  return {config.ids == "among_open" ? Ids::among_open : Ids::for_ever, config.tombstones, config.request_life_ms,
          config.deadline == "enforced", config.settle_ms};
}

TreasurySpec treasury_of(const schemas::config::Config& asked, const workers::market::PriceFile& prices) {
  const schemas::config::Config config = fitted(asked, prices.base, prices.quote, prices.bars);
  TreasurySpec spec;
  spec.symbol = prices.symbol;
  spec.instrument = instrument_of(config, prices.base, prices.quote);
  const machines::Asset& quote = spec.instrument.quote;
  spec.total = amount_of(config.vault.total, quote);
  spec.tradeable = amount_of(config.vault.tradeable, quote);
  for (const auto& sleeve : config.sleeves)
    spec.sleeves.push_back({sleeve.name, sleeve.kind, amount_of(sleeve.allocation, quote), sleeve.strategy});
  if (config.paper.takes_coins()) {
    spec.fee_asset = fee_rule_of(config.paper).coin;
    spec.fee_coins = amount_of(config.paper.fee_coins, *spec.fee_asset);
  }
  spec.reserve.rule =
      machines::from_name<machines::policy::Rule>(config.vault.reserve).value_or(machines::policy::Rule::none);
  spec.reserve.least = config.vault.reserve_least;
  spec.reserve.most = config.vault.reserve_most;
  for (std::size_t at = 0; at < config.sleeves.size(); ++at)
    if (config.sleeves[at].name == config.vault.idle_to)
      spec.reallocation.idle_to = {static_cast<std::int64_t>(at) + 1};
  spec.reallocation.most_per_day = config.vault.idle_most;
  spec.reallocation.reclaim_after_loss = config.vault.reclaim_after_loss;
  spec.settings = asked.frozen_text();
  return spec;
}

}  // namespace deploy
