#include "workers/market/reader.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "workers/market/csv.hpp"

namespace workers::market {
namespace {

using machines::fail;
using machines::Nothing;
using machines::Price;
using machines::Result;

constexpr std::size_t no_column = static_cast<std::size_t>(-1);
constexpr std::int64_t hour_us = machines::hours(1).us;
constexpr std::size_t most_rejections = 20;

struct Columns {
  std::size_t count = 0;
  char separator = ',';
  std::size_t time = no_column, open = no_column, high = no_column, low = no_column, close = no_column;
  std::size_t symbol = no_column, date = no_column;
  std::string time_name;
};

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return made;
}

std::string upper(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return made;
}

// What a message may show of a file: short, and no byte that would disturb a terminal.
std::string shown(std::string_view text) {
  std::string made = "\"";
  for (const char c : text.substr(0, 40)) made += (c >= 0x20 && c < 0x7f) ? c : '?';
  return made + (text.size() > 40 ? "...\"" : "\"");
}

char separator_of(std::string_view header) {
  char best = ',';
  for (const char c : {';', '\t'})
    if (std::count(header.begin(), header.end(), c) > std::count(header.begin(), header.end(), best)) best = c;
  return best;
}

// Base and quote of "ETH/USDT", "eth-usdt", "ETH_USDT" or "ETHUSDT"; nothing when the text is no pair.
std::optional<std::array<std::string, 2>> cut_pair(std::string_view text) {
  const std::string symbol = upper(text);
  const auto is_code = [](std::string_view code) {
    return code.size() >= 2 && code.size() <= 12 &&
           std::all_of(code.begin(), code.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  };
  const auto at = symbol.find_first_of("/-_");
  if (at != std::string::npos) {
    std::array<std::string, 2> pair{symbol.substr(0, at), symbol.substr(at + 1)};
    if (is_code(pair[0]) && is_code(pair[1])) return pair;
    return std::nullopt;
  }
  for (const std::string_view quote : {"USDT", "USDC", "BUSD", "USD", "EUR", "BTC", "ETH"})
    if (symbol.ends_with(quote) && symbol.size() > quote.size() + 1 && is_code(symbol))
      return std::array<std::string, 2>{symbol.substr(0, symbol.size() - quote.size()), std::string(quote)};
  return std::nullopt;
}

// "some/eth_usdt_1h.csv" names the pair in its first two words.
std::optional<std::array<std::string, 2>> pair_of_file_name(std::string_view path) {
  std::string_view name = path.substr(path.find_last_of('/') + 1);
  name = name.substr(0, name.find('.'));
  const auto second = name.find_first_of("_-");
  return cut_pair(second == std::string_view::npos ? name : name.substr(0, name.find_first_of("_-", second + 1)));
}

class Import {
 public:
  Import(const std::string& path, csv::Lines& lines) : path_(path), lines_(lines) {}

  Result<PriceFile, ReadError> run() {
    const auto header = read_header();
    if (!header) return fail(header.error());
    for (;;) {
      const auto more = next_line();
      if (!more) return fail(more.error());
      if (!*more) break;
      const auto row = read_row();
      if (!row) return fail(row.error());
    }
    if (file_.bars.empty())
      return fail(whole("it holds no prices", "give a file with at least one row below the header"));
    const auto named = name_pair();
    if (!named) return fail(named.error());
    arrange();
    file_.sha256 = lines_.sha256();
    return std::move(file_);
  }

 private:
  ReadError whole(std::string what, std::string do_what) const {
    return {path_, 0, "", std::move(what), std::move(do_what)};
  }
  ReadError here(std::string_view field, std::string what, std::string do_what) const {
    return {path_, lines_.line_number(), std::string(field), std::move(what), std::move(do_what)};
  }

  // The next line that is not blank into line_; false at the end.
  Result<bool, ReadError> next_line() {
    for (;;) {
      const auto more = lines_.next(line_);
      if (!more) return fail(here("", more.error().what, more.error().do_what));
      if (!*more) return false;
      if (line_.find_first_not_of(" \t") != std::string_view::npos) return true;
    }
  }

  Result<Nothing, ReadError> read_header() {
    const auto more = next_line();
    if (!more) return fail(more.error());
    if (!*more) return fail(whole("it is empty", "give a CSV file of prices"));
    columns_.separator = separator_of(line_);
    if (!csv::split(line_, columns_.separator, fields_)) return fail(here("", "a quote is not closed", "close it"));
    columns_.count = fields_.size();
    std::vector<std::string> names;
    for (const std::string_view field : fields_) names.push_back(lower(field));
    return find_columns(names);
  }

  Result<Nothing, ReadError> find_columns(const std::vector<std::string>& names) {
    const auto find = [&](std::string_view name) -> std::size_t {
      const auto at = std::find(names.begin(), names.end(), name);
      return at == names.end() ? no_column : static_cast<std::size_t>(at - names.begin());
    };
    for (const char* name : {"unix", "open_time", "timestamp", "time"})
      if (columns_.time == no_column && (columns_.time = find(name)) != no_column) columns_.time_name = name;
    columns_.symbol = find("symbol");
    columns_.date = find("date");
    std::string missing = columns_.time == no_column ? "a time (unix, open_time, timestamp or time)" : "";
    const auto need = [&](std::size_t& column, const char* name) {
      if ((column = find(name)) == no_column) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", name);
    };
    need(columns_.open, "open");
    need(columns_.high, "high");
    need(columns_.low, "low");
    need(columns_.close, "close");
    if (!missing.empty())
      return fail(here("", fmt::format("no usable columns: the first line does not name {}", missing),
                       "put a header such as unix,open,high,low,close on the first line"));
    for (const char* name : {columns_.time_name.c_str(), "open", "high", "low", "close"})
      if (std::count(names.begin(), names.end(), name) > 1)
        return fail(here(name, "the header names this column twice", "keep one of them"));
    return Nothing{};
  }

  Result<Nothing, ReadError> read_row() {
    if (!csv::split(line_, columns_.separator, fields_)) return fail(here("", "a quote is not closed", "close it"));
    if (fields_.size() < columns_.count)
      return fail(here("", fmt::format("the line ends after {} of {} columns", fields_.size(), columns_.count),
                       "the file may be cut off: fetch it again"));
    if (fields_.size() > columns_.count)
      return fail(here("", fmt::format("the line has {} columns, the header {}", fields_.size(), columns_.count),
                       "put quotes around a field that holds the separator"));
    Bar bar;
    const auto time = read_time(bar);
    if (!time) return fail(time.error());
    const auto prices = read_bar(bar);
    if (!prices) return fail(prices.error());
    const auto symbol = read_symbol();
    if (!symbol) return fail(symbol.error());
    if (columns_.date != no_column) count_date(fields_[columns_.date]);
    ++file_.report.rows;
    file_.bars.push_back(bar);
    return Nothing{};
  }

  Result<Nothing, ReadError> read_time(Bar& bar) {
    const std::string_view text = fields_[columns_.time];
    const auto time = csv::parse_time(text);
    if (!time && time.error() == csv::NumberError::not_a_number)
      return fail(here(columns_.time_name, shown(text) + " is not a number", "write Unix time in s, ms or µs"));
    if (!time)
      return fail(here(columns_.time_name, shown(text) + " is no time between 2001 and 2100 in s, ms or µs",
                       "write Unix time in s, ms or µs"));
    if (time->at.us % hour_us != 0)
      return fail(here(columns_.time_name, shown(text) + " is not a whole hour",
                       "give hourly bars, named by their opening time"));
    ImportReport& report = file_.report;
    ++(time->unit == csv::TimeUnit::seconds        ? report.in_seconds
       : time->unit == csv::TimeUnit::milliseconds ? report.in_milliseconds
                                                   : report.in_microseconds);
    if (!file_.bars.empty()) {
      const machines::Instant before = file_.bars.back().opens_at;
      rising_ += time->at > before ? 1 : 0;
      falling_ += time->at < before ? 1 : 0;
    }
    bar.opens_at = time->at;
    return Nothing{};
  }

  Result<Nothing, ReadError> read_price(std::size_t column, const char* name, Price& price) {
    const std::string_view text = fields_[column];
    const auto parsed = csv::parse_price(text);
    if (parsed) {
      price = parsed->price;
      file_.report.rounded += parsed->rounded ? 1 : 0;
      return Nothing{};
    }
    switch (parsed.error()) {
      case csv::NumberError::not_a_number:
        return fail(here(name, shown(text) + " is not a number", "write a plain decimal number such as 301.61"));
      case csv::NumberError::not_positive:
        return fail(here(name, shown(text) + " is not above 0", "remove the row or write the price that was paid"));
      case csv::NumberError::too_large:
        break;
    }
    return fail(here(name, shown(text) + " is too large for a price", "prices go up to 92,233,720,368"));
  }

  Result<Nothing, ReadError> read_bar(Bar& bar) {
    auto read = read_price(columns_.open, "open", bar.open);
    if (read) read = read_price(columns_.high, "high", bar.high);
    if (read) read = read_price(columns_.low, "low", bar.low);
    if (read) read = read_price(columns_.close, "close", bar.close);
    if (read && bar.high < bar.low)
      return fail(here("high",
                       fmt::format("the high {} is below the low {}", fields_[columns_.high], fields_[columns_.low]),
                       "correct or remove the row"));
    return read;
  }

  Result<Nothing, ReadError> read_symbol() {
    if (columns_.symbol == no_column) return Nothing{};
    const std::string_view text = fields_[columns_.symbol];
    if (file_.report.rows == 0) symbol_text_ = text;
    if (text == symbol_text_) return Nothing{};
    return fail(
        here("symbol", fmt::format("{} after {}", shown(text), shown(symbol_text_)), "give one file per symbol"));
  }

  void count_date(std::string_view text) {
    const bool has_day = text.size() >= 13 && text[4] == '-' && text[7] == '-' && text[10] == ' ';
    if (has_day && text.size() == 19 && text[13] == ':' && text[16] == ':')
      ++file_.report.iso_dates;
    else if (has_day && text.size() == 16 && text[13] == '-' && text[15] == 'M')
      ++file_.report.twelve_hour_dates;
    else
      ++file_.report.other_dates;
  }

  Result<Nothing, ReadError> name_pair() {
    const auto pair = columns_.symbol == no_column ? pair_of_file_name(path_) : cut_pair(symbol_text_);
    if (!pair)
      return fail(whole(columns_.symbol == no_column ? "neither a symbol column nor the file's name says what is priced"
                                                     : "the symbol " + shown(symbol_text_) + " is no pair",
                        "name the pair like ETH/USDT in a column symbol"));
    file_.base = (*pair)[0];
    file_.quote = (*pair)[1];
    file_.symbol = file_.base + "/" + file_.quote;
    return Nothing{};
  }

  // From rows in file order to one bar per hour, and everything that can only be counted then.
  void arrange() {
    ImportReport& report = file_.report;
    std::vector<Bar>& bars = file_.bars;
    report.newest_first = falling_ > rising_;
    report.out_of_order = std::min(rising_, falling_);
    std::stable_sort(bars.begin(), bars.end(), [](const Bar& a, const Bar& b) { return a.opens_at < b.opens_at; });
    std::size_t kept = 0;
    for (std::size_t i = 1; i < bars.size(); ++i) {
      if (bars[i].opens_at != bars[kept].opens_at) {
        bars[++kept] = bars[i];
        continue;
      }
      ++report.duplicates;
      report.differing_duplicates += bars[i] == bars[kept] ? 0 : 1;
    }
    bars.resize(kept + 1);
    bars.shrink_to_fit();
    report.hours = static_cast<std::int64_t>(bars.size());
    report.first = bars.front().opens_at;
    report.last = bars.back().opens_at;
    count_flaws();
  }

  void count_flaws() {
    ImportReport& report = file_.report;
    const std::vector<Bar>& bars = file_.bars;
    for (std::size_t i = 1; i < bars.size(); ++i) {
      const std::int64_t lacking = (bars[i].opens_at - bars[i - 1].opens_at).us / hour_us - 1;
      report.gaps += lacking > 0 ? 1 : 0;
      report.missing += lacking;
    }
    Judged judged = judge_bars(file_.bars);
    report.level_changes = static_cast<std::int64_t>(judged.levels.size());
    if (judged.rejections.size() > most_rejections) judged.rejections.resize(most_rejections);
    if (judged.levels.size() > most_rejections) judged.levels.resize(most_rejections);
    report.rejections = std::move(judged.rejections);
    report.levels = std::move(judged.levels);
    report.rejected = -report.level_changes;
    for (const Bar& bar : bars) {
      report.rejected += bar.absurd() ? 1 : 0;
      const auto [least, most] = std::minmax(bar.open, bar.close);
      report.outside_range += least < bar.low || most > bar.high ? 1 : 0;
    }
  }

  const std::string& path_;
  csv::Lines& lines_;
  std::string_view line_;
  std::vector<std::string_view> fields_;
  Columns columns_;
  std::string symbol_text_;
  std::int64_t rising_ = 0, falling_ = 0;
  PriceFile file_;
};

}  // namespace

std::string ReadError::text() const {
  const std::string place = line > 0 ? fmt::format("{}:{}", file, line) : file;
  return fmt::format("{}: {}{}; {}", place, field.empty() ? "" : field + ": ", what, do_what);
}

Result<PriceFile, ReadError> read_prices(const std::string& path) {
  auto lines = csv::Lines::open(path);
  if (!lines) return fail(ReadError{path, 0, "", lines.error().what, lines.error().do_what});
  return Import(path, *lines).run();
}

}  // namespace workers::market
