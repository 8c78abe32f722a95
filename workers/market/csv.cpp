#include "workers/market/csv.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "ledger/env/hex.hpp"
#include "ledger/env/sha256.hpp"

namespace workers::market::csv {
namespace {

using machines::fail;
using machines::Result;

constexpr std::size_t piece_size = 64 * 1024;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_binary(char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

Lines::Error not_a_file(const struct stat& info) {
  return {S_ISDIR(info.st_mode) ? "it is a folder" : "it is not a regular file", "name a CSV file"};
}

Lines::Error cannot(const char* verb) {
  return {fmt::format("can't be {}: {}", verb, std::strerror(errno)), "check the path and its permissions"};
}

// The whole part and the decimals of plain decimal text; false when it is anything else.
bool cut_decimal(std::string_view text, std::string_view& whole, std::string_view& part) {
  const auto point = text.find('.');
  whole = text.substr(0, point);
  part = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (whole.empty() || (point != std::string_view::npos && part.empty())) return false;
  return std::all_of(whole.begin(), whole.end(), is_digit) && std::all_of(part.begin(), part.end(), is_digit);
}

}  // namespace

struct Lines::Hash {
  ledger::env::Sha256Stream of;
};

Lines::Lines(int fd, std::unique_ptr<Hash> hash) : fd_(fd), hash_(std::move(hash)) {}

Lines::Lines(Lines&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      hash_(std::move(other.hash_)),
      buffer_(std::move(other.buffer_)),
      begin_(other.begin_),
      line_number_(other.line_number_),
      at_end_(other.at_end_) {}

Lines::~Lines() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Lines, Lines::Error> Lines::open(const std::string& path) {
  // Without O_NONBLOCK a pipe would hang here before it could be refused.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail(cannot("opened"));
  Lines lines(fd, std::make_unique<Hash>());
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail(cannot("read"));
  if (!S_ISREG(info.st_mode)) return fail(not_a_file(info));
  return lines;
}

Result<bool, Lines::Error> Lines::fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::size_t kept = buffer_.size();
  if (kept > piece_size) return fail(Error{"the line is longer than 64 KiB", "give a CSV file of prices"});
  buffer_.resize(kept + piece_size);
  ssize_t got = 0;
  do got = ::read(fd_, buffer_.data() + kept, piece_size);
  while (got < 0 && errno == EINTR);
  buffer_.resize(kept + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) return fail(cannot("read"));
  hash_->of.add(std::string_view(buffer_).substr(kept));
  return got > 0;
}

Result<bool, Lines::Error> Lines::next(std::string_view& line) {
  std::size_t end = buffer_.find('\n', begin_);
  while (end == std::string::npos && !at_end_) {
    const std::size_t searched = buffer_.size() - begin_;
    const auto more = fill();
    if (!more) {
      ++line_number_;
      return fail(more.error());
    }
    at_end_ = !*more;
    end = buffer_.find('\n', searched);
  }
  if (begin_ == buffer_.size()) return false;
  line = std::string_view(buffer_).substr(begin_, end == std::string::npos ? end : end - begin_);
  begin_ = end == std::string::npos ? buffer_.size() : end + 1;
  if (++line_number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (std::any_of(line.begin(), line.end(), is_binary))
    return fail(Error{"it holds bytes that no text holds", "give a CSV file; unpack it first if it is compressed"});
  return true;
}

std::string Lines::sha256() { return ledger::env::to_hex(hash_->of.end()); }

bool split(std::string_view line, char separator, std::vector<std::string_view>& fields) {
  fields.clear();
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && line[i] == '"') quoted = !quoted;
    if (i < line.size() && (quoted || line[i] != separator)) continue;
    std::string_view field = trimmed(line.substr(start, i - start));
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"')
      field = trimmed(field.substr(1, field.size() - 2));
    fields.push_back(field);
    start = i + 1;
  }
  return !quoted;
}

Result<ParsedPrice, NumberError> parse_price(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  std::string_view whole;
  std::string_view part;
  if (!cut_decimal(text, whole, part)) return fail(NumberError::not_a_number);
  machines::Int128 value = 0;
  for (const char c : whole) {
    value = value * 10 + (c - '0');
    if (value > std::numeric_limits<std::int64_t>::max()) return fail(NumberError::too_large);
  }
  for (std::size_t i = 0; i < 8; ++i) value = value * 10 + (i < part.size() ? part[i] - '0' : 0);
  const std::string_view beyond = part.size() > 8 ? part.substr(8) : std::string_view{};
  const bool rounded = beyond.find_first_not_of('0') != std::string_view::npos;
  if (rounded) {
    const bool above_half =
        beyond[0] > '5' || (beyond[0] == '5' && beyond.find_first_not_of('0', 1) != std::string_view::npos);
    const bool is_half = beyond[0] == '5' && !above_half;
    if (above_half || (is_half && value % 2 != 0)) ++value;
  }
  if (negative || value == 0) return fail(NumberError::not_positive);
  if (value > std::numeric_limits<std::int64_t>::max()) return fail(NumberError::too_large);
  return ParsedPrice{{static_cast<std::int64_t>(value)}, rounded};
}

Result<ParsedTime, NumberError> parse_time(std::string_view text) {
  std::string_view whole;
  std::string_view part;
  if (!cut_decimal(text, whole, part) || part.find_first_not_of('0') != std::string_view::npos)
    return fail(NumberError::not_a_number);
  std::int64_t value = 0;
  for (const char c : whole) {
    value = value * 10 + (c - '0');
    if (value > 10'000'000'000'000'000) return fail(NumberError::too_large);
  }
  constexpr std::int64_t from = 978'307'200;  // 2001-01-01
  constexpr std::int64_t to = 4'102'444'800;  // 2100-01-01
  if (value >= from && value < to) return ParsedTime{{value * 1'000'000}, TimeUnit::seconds};
  if (value >= from * 1'000 && value < to * 1'000) return ParsedTime{{value * 1'000}, TimeUnit::milliseconds};
  if (value >= from * 1'000'000 && value < to * 1'000'000) return ParsedTime{{value}, TimeUnit::microseconds};
  return fail(NumberError::too_large);
}

}  // namespace workers::market::csv
