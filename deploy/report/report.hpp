// deploy/report/report.hpp: what a finished run comes to: a table for people, a line of JSON for programs, a page with
// charts. Every time is the opening time of a bar: a fill stands at the open of its bar, a mark is the close of the bar
// that opened then, so a mark already knows the fills and returns of its own time. Money is in whole minor units of
// `quote`; double is used for drawing and percentages only. Pure: no I/O, no clock, no throw.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "machines/core/amount.hpp"
#include "machines/core/instant.hpp"
#include "workers/market/bars.hpp"

namespace deploy::report {

// A value that stands from `at` until the next point.
struct Point {
  machines::Instant at;
  machines::Int128 minor = 0;
};
using Series = std::vector<Point>;  // by time

struct PricePoint {
  machines::Instant at;
  machines::Price close;
};

struct Fill {
  machines::Instant at;
  bool is_buy = true;
  machines::Price price;
  machines::Int128 base = 0;   // in minor units of the base asset
  machines::Int128 quote = 0;  // without the fee
  machines::Int128 fee = 0;    // all of it, valued in quote at this fill's price
};

struct Sleeve {
  std::string name;
  std::string kind;                   // quiet or flash
  std::int64_t trades = 0;            // positions closed
  std::int64_t wins = 0;              // of them with a gain after both fees
  std::int64_t refused = 0;           // orders that the venue refused
  std::vector<std::string> remarks;   // why it could not trade, a sentence each
  machines::Int128 started_with = 0;  // before the first bar
  machines::Int128 fees = 0;          // in whatever asset, each valued at its fill's price
  machines::Int128 realized_pnl = 0;
  machines::Int128 draw = 0;            // of the result: what its fills were better (+) or worse (-) than the mean fill
  machines::Int128 cash = 0;            // quote at the end
  machines::Int128 held_at_cost = 0;    // what the base that it has then had cost, without fees
  machines::Int128 open_fees = 0;       // that it paid for buying that base
  machines::Int128 held_at_market = 0;  // that base at the last sound close
  Series equity;            // quote and base, marked at each close; what went back to the vault no longer counts here
  Series returned;          // cumulative profit returned to the vault; empty where none ever is
  Series moved;             // cumulative, after the start: coins moved in, less those moved out; neither gain nor loss
  Series coin_fees;         // cumulative value of fees that another vault's coins paid
  std::vector<Fill> fills;  // by time
};

// All vaults of the quote asset, with what their sleeves have.
struct Vault {
  machines::Int128 cash = 0, held_at_cost = 0, open_fees = 0, held_at_market = 0;
  machines::Int128 total = 0,
                   tradeable = 0;  // cash, and what is held at cost with its fees; the latter without reserve
  machines::Int128 returned_from_flash = 0;
};

struct ReportData {
  std::string title;    // "ETH/USDT: momentum, two sleeves"
  std::string file;     // name of the price file
  std::string sha256;   // of the price file
  bool sample = false;  // made by our generator
  machines::Asset base, quote;
  workers::market::ImportReport import;
  std::int64_t bars = 0;                                    // bars that were played
  std::vector<std::pair<std::string, std::string>> params;  // name and value, as they should be shown
  std::vector<Sleeve> sleeves;
  Vault vault;
  Series buy_and_hold, cash;       // of the money that all sleeves started with
  std::vector<PricePoint> prices;  // every bar that was played, absurd closes left out
  std::int64_t transitions = 0, postings = 0;
  bool verified = false;
  double elapsed_s = 0;
  std::string digest;
  machines::Int128 suspense = 0;
};

// Lines for a terminal, aligned, at most 100 columns wide, each ended by a newline.
std::string table(const ReportData& data);

// The object of --json, in this order: import {rows, hours, duplicates, gaps, missing, rejected, and every other count
// of the ImportReport, rejections [{at, field, value, reference}]}, bars, sleeves [{name,
// kind, trades, wins, fees, realized_pnl, balance, cash, held_at_cost, open_fees, held_at_market, started_with,
// moved_in, result, draw,
// refused, remarks}], vault {total, tradeable, cash, held_at_cost, open_fees, held_at_market, returned_from_flash},
// baseline {buy_and_hold, cash} (their last values), transitions, postings, verified, elapsed_s, digest, suspense.
// Amounts are decimal strings with all decimals of the quote asset ("15000.00000000"), counts and seconds are numbers.
nlohmann::ordered_json summary(const ReportData& data);

// A page that needs nothing but itself. Series are thinned to about 2,000 points each (thin.hpp) but for the price,
// which stays whole up to 60,000 bars so that one can look closer; the last 20,000 fills are marked.
std::string html(const ReportData& data);

}  // namespace deploy::report
