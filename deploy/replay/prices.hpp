// deploy/replay/prices.hpp: the prices of a replay: a file that was named, or the sample that our generator makes.
#pragma once

#include <string>

#include "deploy/cluster/folder.hpp"
#include "schemas/config/config.hpp"
#include "workers/market/bars.hpp"

namespace deploy {

struct Prices {
  workers::market::PriceFile file;
  std::string path;
};

// The sample of these settings, written to `path`: the same text every time.
Clustered<workers::market::PriceFile> make_sample(const schemas::config::Config& config, const std::string& path);

// The file that was asked for, or, where that is empty, our own sample at `sample`; one that this configuration can
// trade.
Clustered<Prices> load_prices(const schemas::config::Config& config, const std::string& file,
                              const std::string& sample);

}  // namespace deploy
