// workers/market/csv.hpp: the lines of a text file in small pieces, the fields of a line, and exact numbers out of
// text. Reads only; no float, no locale, no throw. Internal to workers/market.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "machines/core/amount.hpp"
#include "machines/core/instant.hpp"
#include "machines/core/result.hpp"

namespace workers::market::csv {

// Hands out one line after another without its line end (LF or CRLF), reading 64 KiB at a time, and hashes every byte
// it reads.
class Lines {
 public:
  struct Error {
    std::string what;
    std::string do_what;
  };
  // Errors: the path can't be opened, or names a folder, pipe or device.
  static machines::Result<Lines, Error> open(const std::string& path);
  Lines(Lines&& other) noexcept;
  Lines& operator=(Lines&&) = delete;
  ~Lines();

  // False at the end of the file. `line` is valid until the next call; a byte order mark before the first is dropped.
  // Errors: a byte that no text holds, a line of more than 64 KiB, a failing disk.
  machines::Result<bool, Error> next(std::string_view& line);
  [[nodiscard]] std::int64_t line_number() const { return line_number_; }  // of the line last handed out, from 1
  // REQUIRES: next() has returned false. 64 hex digits.
  std::string sha256();

 private:
  struct Hash;
  Lines(int fd, std::unique_ptr<Hash> hash);
  machines::Result<bool, Error> fill();  // false when the file has no more bytes

  int fd_;
  std::unique_ptr<Hash> hash_;
  std::string buffer_;
  std::size_t begin_ = 0;  // first byte not handed out
  std::int64_t line_number_ = 0;
  bool at_end_ = false;
};

// Splits at `separator`, outside double quotes; trims blanks and the quotes around a field. False when a quote stays
// open.
bool split(std::string_view line, char separator, std::vector<std::string_view>& fields);

enum class NumberError { not_a_number, not_positive, too_large };

struct ParsedPrice {
  machines::Price price;
  bool rounded = false;  // it had more than 8 decimals other than zeros
};
// Plain decimal text, no exponent; beyond 8 decimals half-even. Errors: see NumberError; a price that rounds to 0 is
// not positive.
machines::Result<ParsedPrice, NumberError> parse_price(std::string_view text);

enum class TimeUnit { seconds, milliseconds, microseconds };
struct ParsedTime {
  machines::Instant at;
  TimeUnit unit = TimeUnit::seconds;
};
// Unix time, whole or with zeros for decimals, in the unit that puts it into the years 2001 to 2100: the three ranges
// don't touch. Errors: not_a_number; too_large when no unit does.
machines::Result<ParsedTime, NumberError> parse_time(std::string_view text);

}  // namespace workers::market::csv
