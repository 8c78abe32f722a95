// workers/market/reader.hpp: reads a CSV of hourly prices as it is, reports every flaw and mends none silently.
// Reads one file, 64 KiB at a time; no clock, no float, no throw.
#pragma once

#include <cstdint>
#include <string>

#include "machines/core/result.hpp"
#include "workers/market/bars.hpp"

namespace workers::market {

// Why a file is no price file: where, what, and what to do about it.
struct ReadError {
  std::string file;
  std::int64_t line = 0;  // from 1; 0 when the whole file is meant
  std::string field;      // column, or "" when the whole line is meant
  std::string what;
  std::string do_what;
  // One line: "eth.csv:17: close: "abc" is not a number; write a plain decimal number such as 301.61".
  [[nodiscard]] std::string text() const;
};

// The header names the columns, in any order and letter case: a time (unix, open_time, timestamp or time), open, high,
// low and close; symbol and date where there are any. All other columns may hold anything. Fields are separated by
// commas, semicolons or tabs; simple quotes, CRLF and a byte order mark are accepted; blank lines are skipped.
// - Times are Unix time in s, ms or µs, detected row by row, and whole hours.
// - Prices are exact to 8 decimals; more are rounded half-even and counted.
// - Of a doubled hour the first row in file order stands.
// - Without a symbol column the symbol comes from the file's name (eth_usdt_1h.csv is ETH/USDT).
// Errors: unreadable, a folder, empty, binary, no usable columns, a line with fewer or more columns than the header, a
// time or price that is no number, a time that is no whole hour, a price <= 0, high below low, two symbols in one file.
machines::Result<PriceFile, ReadError> read_prices(const std::string& path);

}  // namespace workers::market
