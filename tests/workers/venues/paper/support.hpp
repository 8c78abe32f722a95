// tests/workers/venues/paper/support.hpp: the market, the orders and the folder that the paper venue's tests share.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "workers/venues/paper/matching.hpp"

namespace tests {

using machines::Amount;
using machines::Instant;
using machines::Int128;
using machines::Price;
using machines::Rate;
using schemas::OpenBar;
using schemas::OrderReport;
using schemas::OrderStatus;
using schemas::PlaceOrder;
using schemas::Side;

inline const machines::Asset usdt{machines::AssetId{1}, "USDT", 8};
inline const machines::Asset eth{machines::AssetId{2}, "ETH", 18};
inline constexpr Int128 one_usdt = 100'000'000;
inline constexpr Int128 one_eth = machines::power_of_ten(18);
inline constexpr Int128 lot = machines::power_of_ten(14);  // 0.0001 ETH

// 0.1 % fees, lot 0.0001 ETH, at least 10 USDT, prices in cents.
inline workers::venues::paper::Market eth_usdt() {
  return {"ETH/USDT",
          {eth, usdt, Amount(eth.id, lot), Amount(usdt.id, 10 * one_usdt), Rate{1000}, Rate{1000}},
          Price{1'000'000}};
}

inline const machines::Asset bnb{machines::AssetId{3}, "BNB", 18};
inline constexpr Int128 one_bnb = machines::power_of_ten(18);

// The same, with fees in what each trade receives, or in coins at 500 USDT each.
inline workers::venues::paper::Market with_fees_in(workers::venues::paper::FeesIn in) {
  auto market = eth_usdt();
  market.fees = {in, bnb, Price{50'000'000'000}};
  return market;
}

inline Instant hour(std::int64_t n) { return Instant{} + machines::hours(n); }
inline OpenBar bar_at(std::int64_t n, std::int64_t cents) { return {"ETH/USDT", hour(n), Price{cents * 1'000'000}}; }
inline std::string client_id(std::int64_t n) { return fmt::format("{:032x}", n); }
// Placed one second before the bar of hour n opens.
inline PlaceOrder order_for(std::int64_t id, Side side, Int128 size, std::int64_t n = 1) {
  return {client_id(id), "ETH/USDT", side, size, hour(n) - machines::seconds(1)};
}

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "bursar-venue-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace tests
