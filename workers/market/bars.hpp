// workers/market/bars.hpp: hourly price bars as a file gave them, and the report of every flaw that was found on the
// way. Data only: no I/O, no throw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ledger/market/bars.hpp"
#include "machines/core/amount.hpp"
#include "machines/core/instant.hpp"

namespace workers::market {

using ledger::market::Bar;

// An absurd number that was kept in the series and barred from fills.
struct Rejection {
  machines::Instant opens_at;
  std::string field;  // open or close
  machines::Price value;
  machines::Price reference;  // the last sound close; of the first bar, its own
  bool operator==(const Rejection&) const = default;
};

// A jump that the next bar goes on from, and that prices do not leap back from soon: a new level of them, for instance
// a redenomination. The bar that jumped is barred from fills and signals, which is one bar's delay; from the next one
// on the level is what is sound.
struct LevelChange {
  machines::Instant opens_at;  // of the bar that jumped
  machines::Price from, to;    // the last sound close, and the close of that bar
  bool operator==(const LevelChange&) const = default;
};

// What the file is like. Nothing counted here was mended, but for the rule that the first row of a doubled hour stands.
struct ImportReport {
  std::int64_t rows = 0;                  // data rows, header and blank lines apart
  std::int64_t hours = 0;                 // distinct hours, which is how many bars there are
  std::int64_t duplicates = 0;            // rows of an hour that stood before (rows = hours + duplicates)
  std::int64_t differing_duplicates = 0;  // of them, with another open, high, low or close than the row that stands
  std::int64_t gaps = 0;                  // places where hours lack
  std::int64_t missing = 0;               // hours that lack there, all gaps together
  std::int64_t rejected = 0;              // absurd bars, level changes apart
  std::int64_t level_changes = 0;         // jumps that the next bar confirms
  std::int64_t out_of_order = 0;          // rows that break the file's own direction
  std::int64_t outside_range = 0;         // bars whose open or close lies outside low to high
  std::int64_t rounded = 0;               // prices with more than 8 decimals, rounded half-even to 8
  bool newest_first = false;
  std::int64_t in_seconds = 0, in_milliseconds = 0, in_microseconds = 0;  // rows by unit of their time
  std::int64_t iso_dates = 0;          // rows by style of the date column: 2021-06-10 00:00:00
  std::int64_t twelve_hour_dates = 0;  // 2020-01-11 08-PM
  std::int64_t other_dates = 0;
  machines::Instant first, last;      // opening times of the first and the last bar
  std::vector<Rejection> rejections;  // the first 20, by time
  std::vector<LevelChange> levels;    // the first 20, by time
  bool operator==(const ImportReport&) const = default;
};

struct PriceFile {
  std::string symbol;  // ETH/USDT
  std::string base, quote;
  std::vector<Bar> bars;  // by time, one per hour
  ImportReport report;
  std::string sha256;  // of the file's bytes, 64 hex digits
};

struct Judged {
  std::vector<Rejection> rejections;  // those of level changes left out
  std::vector<LevelChange> levels;
};
// Sets open_sound and close_sound of every bar, each from bars up to its own: a jump is unsound whatever follows, and
// only what it is called depends on the next bar, which either returns (absurd) or goes on from there (a level change).
// What follows may bar a number, and never lets one pass: a level that prices leap to between two bars, and leap back
// from within most_wrong_rows bars, was no level but wrong rows, all of them absurd. No market moves so; a live feed
// would have traded there, at prices that were never paid, and from the bar that leaps back on knows as much as this.
// REQUIRES: sorted by time. The first bar's open is judged by its own close; where the whole bar agrees with neither of
// the two after it, it is absurd (nothing can have been decided by then).
inline constexpr std::size_t most_wrong_rows = 6;
Judged judge_bars(std::vector<Bar>& bars);

}  // namespace workers::market
