// workers/market/generator.hpp: a sample of hourly prices out of a seed, for a first run without data of one's own.
// The same seed gives the same bytes on every machine: whole numbers only, our own generator. write_sample() writes one
// file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "machines/core/result.hpp"
#include "workers/market/bars.hpp"

namespace workers::market {

struct SampleParams {
  std::uint64_t seed = 1;
  int bars = 500;                                  // hours; at least 1, at most 1,000,000
  machines::Instant first{1'704'067'200'000'000};  // opening time of the first: 2024-01-01T00:00:00Z
  machines::Price start{228'000'000'000};          // its open: 2,280.00
};

// A random walk in steps of ten minutes whose drift and spread follow a regime (calm, rising, falling, wild) that lasts
// about a day. Prices have two decimals and stay >= 1.00. REQUIRES: bars within its limits, first at a whole hour,
// start >= 1.00.
std::vector<Bar> generate(const SampleParams& params);

// The bars as the CSV files of exchanges have them: header unix,date,symbol,open,high,low,close,..., newest first,
// times in ms.
std::string to_csv(const std::vector<Bar>& bars, const std::string& base, const std::string& quote);

struct WriteError {
  std::string file;
  std::string what;
};
// Writes generate(params) as ETH/USDT to `path`: whole or not at all (through path.part, synced, then renamed).
machines::Result<machines::Nothing, WriteError> write_sample(const std::string& path, const SampleParams& params = {});

}  // namespace workers::market
