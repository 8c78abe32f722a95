#include "deploy/replay/market_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace deploy {
namespace {

using machines::Int128;
using schemas::config::Config;
using schemas::config::Decimal;
using workers::market::Bar;

constexpr int scale = 8;  // of prices, lots and smallest orders

Int128 e8(const Decimal& value) { return value.at_scale(scale).value_or(0); }

// The largest power of ten up to `most`, in units of 10^-8; at least one of them.
Decimal power_up_to(Int128 most, Int128 at_most) {
  Int128 power = 1;
  while (power * 10 <= most && power * 10 <= at_most) power *= 10;
  return *Decimal::parse(machines::format({{}, power}, scale));
}

struct Range {
  Int128 low = 0, high = 0;  // of the sound closes
};
Range range_of(const std::vector<Bar>& bars) {
  Range range;
  for (const Bar& bar : bars) {
    if (!bar.close_sound) continue;
    range.low = range.low == 0 ? Int128{bar.close.e8} : std::min(range.low, Int128{bar.close.e8});
    range.high = std::max(range.high, Int128{bar.close.e8});
  }
  return range;
}

bool is_cash(const std::string& asset) {
  for (const char* one : {"USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "DAI", "EUR"})
    if (asset == one) return true;
  return false;
}

std::string share(Int128 part, Int128 whole) {
  return fmt::format("{:.3g} %", 100 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string price(Int128 value) { return Decimal::parse(machines::format({{}, value}, scale))->text(); }

}  // namespace

Config fitted(Config config, const std::string&, const std::string& quote, const std::vector<Bar>& bars) {
  constexpr Int128 one = 100'000'000;
  auto& paper = config.paper;
  const Range range = range_of(bars);
  if (paper.tick.units == 0) paper.tick = power_up_to(range.low / 5'000, one / 100);
  if (paper.min_notional.units == 0)
    paper.min_notional =
        is_cash(quote) ? Decimal::whole(10) : power_up_to(e8(config.vault.tradeable) / 10'000, one * 1'000'000);
  if (paper.lot.units == 0 && range.high > 0) {
    const Int128 most = e8(paper.min_notional) / 20 * one / range.high;
    paper.lot = power_up_to(most, range.high >= 100 * one ? one / 10'000 : one * 1'000'000'000);
  }
  return config;
}

std::string too_coarse(const Config& config, const std::string& base, const std::string& quote,
                       const std::vector<Bar>& bars) {
  const Range range = range_of(bars);
  const Int128 tick = e8(config.paper.tick);
  if (tick * 1'000 > range.low)
    return fmt::format(
        "venue.paper.tick is {} {}, which is {} of the lowest price, {}: at most 0.1 % is no more than rounding; write "
        "a smaller one in --config, or leave it out",
        config.paper.tick.text(), quote, share(tick, range.low), price(range.low));
  if (config.paper.lot.units == 0) return "";
  const Int128 worth = e8(config.paper.lot) * range.high / 100'000'000;
  Int128 least = 0;
  for (const auto& sleeve : config.sleeves)
    least = least == 0 ? e8(sleeve.allocation) : std::min(least, e8(sleeve.allocation));
  if (worth > e8(fitted(config, base, quote, bars).paper.min_notional) && worth * 1'000 > least)
    return fmt::format(
        "venue.paper.lot is {} {}, worth {} {} at the highest price: {} of the smallest sleeve's allocation, where "
        "0.1 % is no more than rounding; write a smaller one in --config, or leave it out",
        config.paper.lot.text(), base, price(worth), quote, share(worth, least));
  return "";
}

std::string unset_market(const Config& config, const std::string& base, const std::string& quote) {
  if (base == "ETH" && is_cash(quote)) return "";
  const auto& paper = config.paper;
  std::string names;
  for (const auto& [name, value] :
       {std::pair{"tick", &paper.tick}, std::pair{"lot", &paper.lot}, std::pair{"min_notional", &paper.min_notional}})
    if (value->units == 0) names += (names.empty() ? "" : ", ") + std::string(name);
  return names;
}

std::vector<std::string> cannot_trade(const Config& config, const std::string& symbol, const std::string& quote) {
  std::vector<std::string> said;
  for (const auto& sleeve : config.sleeves)
    if (e8(sleeve.allocation) < e8(config.paper.min_notional))
      said.push_back(fmt::format("sleeve {} can't trade: it has {} {}, and the smallest order of {} is {} {}",
                                 sleeve.name, sleeve.allocation.text(), quote, symbol, config.paper.min_notional.text(),
                                 quote));
  return said;
}

}  // namespace deploy
