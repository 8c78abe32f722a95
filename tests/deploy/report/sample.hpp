// tests/deploy/report/sample.hpp: a small finished run to render, with every field set.
#pragma once

#include "deploy/report/report.hpp"

namespace tests {

inline machines::Int128 usdt(double value) { return static_cast<machines::Int128>(value * 1e8); }

inline machines::Instant hour(int n) { return machines::Instant{1'704'067'200'000'000} + machines::hours(n); }

inline machines::Price price(double value) { return {static_cast<std::int64_t>(value * 1e8)}; }

// Of a kind that is called as it is.
inline deploy::report::Sleeve small_sleeve(const std::string& name, std::int64_t trades, std::int64_t wins,
                                           machines::Int128 start, machines::Int128 fees, machines::Int128 realised,
                                           machines::Int128 balance) {
  deploy::report::Sleeve made;
  made.name = made.kind = name;
  made.trades = trades;
  made.wins = wins;
  made.started_with = start;
  made.fees = fees;
  made.realized_pnl = realised;
  made.cash = balance;
  return made;
}

// Quiet: 10,000 to 9,000. Flash: 5,000 to 4,800 with 150 returned. Buy and hold doubles. 5 bars.
inline deploy::report::ReportData small_run() {
  deploy::report::ReportData data;
  data.title = "ETH/USDT: <two> sleeves & a vault";
  data.file = "eth_usdt.csv";
  data.sha256 = "ab12";
  data.base = {machines::AssetId{1}, "ETH", 18};
  data.quote = {machines::AssetId{2}, "USDT", 8};
  data.import.rows = 7;
  data.import.hours = 5;
  data.import.in_seconds = 7;
  data.import.duplicates = 2;
  data.import.gaps = 1;
  data.import.missing = 3;
  data.import.rejected = 1;
  data.import.first = hour(0);
  data.import.last = hour(7);
  data.import.rejections = {{hour(0), "open", price(652.74), price(300.79)}};
  data.bars = 5;
  data.params.emplace_back("stop loss", "-1.6 %");
  for (int i = 0; i < 5; ++i) data.prices.push_back({hour(i), price(100 + 25 * i)});
  auto quiet = small_sleeve("quiet", 12, 4, usdt(10'000), usdt(120.5), usdt(-1'000), usdt(9'000));
  quiet.equity = {{hour(1), usdt(11'000)}, {hour(2), usdt(8'800)}, {hour(4), usdt(9'000)}};
  quiet.fills = {{hour(1), true, price(125), machines::power_of_ten(18), usdt(125), usdt(0.5)},
                 {hour(2), false, price(150), machines::power_of_ten(18), usdt(150), usdt(0.25)}};
  auto flash = small_sleeve("flash", 3, 2, usdt(5'000), usdt(9.5), usdt(-50), usdt(4'800));
  flash.equity = {{hour(1), usdt(5'150)}, {hour(2), usdt(5'000)}, {hour(3), usdt(4'800)}};
  flash.returned = {{hour(2), usdt(150)}};
  data.sleeves = {quiet, flash};
  data.vault = {usdt(18'950), usdt(50), usdt(1), usdt(60), usdt(19'001), usdt(14'001), usdt(150)};
  data.buy_and_hold = {{hour(0), usdt(15'000)}, {hour(4), usdt(30'000)}};
  data.cash = {{hour(0), usdt(15'000)}};
  data.transitions = 1'234;
  data.postings = 567;
  data.verified = true;
  data.elapsed_s = 2.5;
  data.digest = "00ff";
  return data;
}

}  // namespace tests
