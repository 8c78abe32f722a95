#include "tests/simulation/market.hpp"

#include <random>

namespace tests::simulation {

using machines::Rate;

namespace {

std::int64_t within(std::mt19937_64& random, std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most - least + 1));
}

std::vector<workers::market::Bar> draw_bars(std::mt19937_64& random) {
  constexpr std::int64_t cent = 1'000'000;
  const auto count = static_cast<std::size_t>(within(random, 40, 120));
  std::vector<workers::market::Bar> bars(count);
  std::int64_t close = 300'000 * cent;
  std::int64_t drift_ppm = 0;
  machines::Instant opens_at{1'700'000'000'000'000 / machines::hours(1).us * machines::hours(1).us};
  for (workers::market::Bar& bar : bars) {
    if (random() % 8 == 0) drift_ppm = within(random, -12'000, 14'000);
    const std::int64_t open = close;
    close =
        close / machines::ppm_of_one * (machines::ppm_of_one + drift_ppm + within(random, -6'000, 6'000)) / cent * cent;
    if (close < 1'000 * cent) close = 1'000 * cent;
    bar = {opens_at, {open}, {std::max(open, close)}, {std::min(open, close)}, {close}, true, true};
    bar.open_sound = random() % 40 != 0;
    bar.close_sound = random() % 40 != 0;
    opens_at = opens_at + machines::hours(random() % 50 == 0 ? 2 : 1);  // now and then a bar is missing
  }
  return bars;
}

SleevePlan draw_sleeve(std::mt19937_64& random, std::size_t owner, std::size_t number) {
  SleevePlan sleeve;
  sleeve.name = "s" + std::to_string(owner + 1) + std::to_string(number + 1);
  sleeve.kind = random() % 2 == 0 ? machines::SleeveKind::quiet : machines::SleeveKind::flash;
  sleeve.rules.buy_momentum = Rate{within(random, 500, 6'000)};
  sleeve.rules.trend = Rate{within(random, 0, 4'000)};
  sleeve.rules.stop_loss = Rate{within(random, 4'000, 20'000)};
  sleeve.rules.arm = Rate{within(random, 500, 3'000)};
  sleeve.rules.trail = Rate{within(random, 500, 3'000)};
  sleeve.allocation = within(random, 50, 5'000) * one_usdt * 2;
  sleeve.is_given_twice = random() % 3 == 0;
  return sleeve;
}

// Five of seven as the paper venue is, two as real ones are. By the seed's residue: what other draws gave stays.
workers::venues::VenueProperties draw_properties(std::uint64_t seed) {
  workers::venues::VenueProperties properties;
  if (seed % 7 != 3 && seed % 7 != 4) return properties;
  properties.ids = workers::venues::VenueProperties::Ids::among_open;
  properties.tombstones = false;
  properties.enforces_deadline = true;
  return properties;
}

}  // namespace

Market draw_market(std::uint64_t seed) {
  std::mt19937_64 random(seed * 2);
  Market market;
  market.bars = draw_bars(random);
  market.owners.resize(1 + random() % 2);
  for (std::size_t owner = 0; owner < market.owners.size(); ++owner) {
    market.owners[owner].shard = static_cast<int>(3 + owner);
    market.owners[owner].sleeves.resize(1 + random() % 3);
    for (std::size_t n = 0; n < market.owners[owner].sleeves.size(); ++n)
      market.owners[owner].sleeves[n] = draw_sleeve(random, owner, n);
  }
  market.rules.seed = seed + 1;
  market.properties = draw_properties(seed);
  market.rules.partial_fill = Rate{random() % 2 == 0 ? 400'000 : 0};
  market.rules.reject = Rate{random() % 3 == 0 ? 150'000 : 0};
  market.pair = {
      "ETH/USDT",
      {eth, usdt, machines::Amount(eth.id, machines::power_of_ten(14)), machines::Amount(usdt.id, 10 * one_usdt),
       Rate{1'000}, Rate{1'000}},
      machines::Price{1'000'000},
      {random() % 2 == 0 ? workers::venues::paper::FeesIn::quote : workers::venues::paper::FeesIn::received, {}, {}}};
  for (std::size_t n = random() % 3; n > 0; --n) market.cancels.insert(random() % market.bars.size());
  if (random() % 3 == 0) {
    market.paused_from = 1 + random() % (market.bars.size() / 2);
    market.paused_to = market.paused_from + 1 + random() % (market.bars.size() / 3);
  }
  return market;
}

}  // namespace tests::simulation
