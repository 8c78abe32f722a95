// tests/simulation/market.hpp: what a simulated house trades, drawn from a seed: prices that move enough to be traded,
// owners with their sleeves, a venue's habits, and what people do at which bar. The same for every run of the seed.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "machines/core/sleeve.hpp"
#include "machines/strategy/momentum/momentum.hpp"
#include "workers/market/bars.hpp"
#include "workers/venues/paper/matching.hpp"
#include "workers/venues/properties.hpp"

namespace tests::simulation {

inline const machines::Asset usdt{machines::AssetId{1}, "USDT", 8};
inline const machines::Asset eth{machines::AssetId{2}, "ETH", 18};
inline constexpr machines::Int128 one_usdt = 100'000'000;

struct SleevePlan {
  std::string name;
  machines::SleeveKind kind = machines::SleeveKind::quiet;
  machines::strategy::Momentum rules;
  machines::Int128 allocation = 0;  // minor units
  bool is_given_twice = false;      // by two people at once, half of it each
};

struct OwnerPlan {
  int shard = 0;
  std::vector<SleevePlan> sleeves;
};

struct Market {
  std::vector<workers::market::Bar> bars;
  std::vector<OwnerPlan> owners;
  workers::venues::paper::PaperRules rules;
  workers::venues::VenueProperties properties;
  workers::venues::paper::Market pair;
  std::set<std::size_t> cancels;               // after these bars' closes whoever rests is cancelled
  std::size_t paused_from = 0, paused_to = 0;  // the first owner is paused between these bars' closes; equal: never
};

Market draw_market(std::uint64_t seed);

}  // namespace tests::simulation
