#include "deploy/replay/prices.hpp"

#include <fmt/format.h>

#include "deploy/replay/treasury_plan.hpp"
#include "workers/market/generator.hpp"
#include "workers/market/reader.hpp"

namespace deploy {

Clustered<workers::market::PriceFile> make_sample(const schemas::config::Config& config, const std::string& path) {
  workers::market::SampleParams params;
  params.seed = static_cast<std::uint64_t>(config.sample.seed);
  params.bars = static_cast<int>(config.sample.bars);
  if (const auto written = workers::market::write_sample(path, params); !written)
    return machines::fail(ClusterError{fmt::format("{}: {}", written.error().file, written.error().what), 1});
  auto file = workers::market::read_prices(path);
  if (!file) return machines::fail(ClusterError{file.error().text(), 1});
  return std::move(*file);
}

Clustered<Prices> load_prices(const schemas::config::Config& config, const std::string& file,
                              const std::string& sample) {
  Prices prices;
  if (file.empty()) {
    prices.path = sample;
    auto made = make_sample(config, prices.path);
    if (!made) return machines::fail(made.error());
    prices.file = std::move(*made);
  } else {
    prices.path = file;
    auto read = workers::market::read_prices(prices.path);
    if (!read) return machines::fail(ClusterError{read.error().text(), 2});
    prices.file = std::move(*read);
  }
  if (const auto why = objection(config, prices.file); !why.empty())
    return machines::fail(ClusterError{fmt::format("{}: {}", prices.path, why), 2});
  return prices;
}

}  // namespace deploy
