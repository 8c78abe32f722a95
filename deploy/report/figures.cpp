#include "deploy/report/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace deploy::report {
namespace {

using machines::Instant;

Outcome outcome(std::string name, double start, const std::vector<double>& values) {
  const std::vector<double> falls = drawdown_percent(values);
  const double deepest = falls.empty() ? 0 : *std::min_element(falls.begin(), falls.end());
  return {std::move(name), start, values.empty() ? start : values.back(), deepest};
}

std::string with_groups(std::string digits) {
  const auto end = std::min(digits.find('.'), digits.size());
  for (std::size_t at = end; at > 3 && digits[at - 4] != '-'; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string gained(double gain_percent) {
  return fmt::format("{} {}", gain_percent < 0 ? "lost" : "gained", percent(std::abs(gain_percent)));
}

std::string units_of_time(const workers::market::ImportReport& import) {
  return fmt::format("s {}, ms {}, µs {}", grouped(import.in_seconds), grouped(import.in_milliseconds),
                     grouped(import.in_microseconds));
}

std::string styles_of_date(const workers::market::ImportReport& import) {
  return fmt::format("20:00:00 {}, 08-PM {}, other {}", grouped(import.iso_dates), grouped(import.twelve_hour_dates),
                     grouped(import.other_dates));
}

std::string first_rejection(const ReportData& data) {
  if (data.import.rejections.empty()) return "";
  return ": " + rejection(data.import.rejections.front()) + (data.import.rejected > 1 ? ", and more" : "");
}

}  // namespace

double units(machines::Int128 minor, int scale) {
  return static_cast<double>(static_cast<long double>(minor) / static_cast<long double>(machines::power_of_ten(scale)));
}

double units(machines::Price price) { return static_cast<double>(price.e8) / 1e8; }

std::vector<double> carried(const Series& series, const std::vector<Instant>& times, double before, int scale) {
  std::vector<double> values;
  values.reserve(times.size());
  std::size_t next = 0;
  double value = before;
  for (const Instant at : times) {
    for (; next < series.size() && series[next].at <= at; ++next) value = units(series[next].minor, scale);
    values.push_back(value);
  }
  return values;
}

std::vector<double> made_of(const Sleeve& sleeve, const std::vector<Instant>& times, int scale) {
  std::vector<double> values = carried(sleeve.equity, times, units(sleeve.started_with, scale), scale);
  const std::vector<double> returned = carried(sleeve.returned, times, 0, scale);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += returned[i];
  return values;
}

std::vector<double> drawdown_percent(const std::vector<double>& values) {
  std::vector<double> falls;
  falls.reserve(values.size());
  double highest = 0;
  for (const double value : values) {
    highest = std::max(highest, value);
    falls.push_back(highest > 0 ? 100 * (value - highest) / highest : 0);
  }
  return falls;
}

Figures figures_of(const ReportData& data) {
  const int scale = data.quote.scale;
  Figures made;
  for (const PricePoint& price : data.prices) made.times.push_back(price.at);
  made.together.assign(made.times.size(), 0);
  double start = 0;
  for (const Sleeve& sleeve : data.sleeves) {
    made.sleeves.push_back(made_of(sleeve, made.times, scale));
    for (std::size_t i = 0; i < made.times.size(); ++i) made.together[i] += made.sleeves.back()[i];
    made.sleeve_outcomes.push_back(outcome(sleeve.name, units(sleeve.started_with, scale), made.sleeves.back()));
    start += units(sleeve.started_with, scale);
    made.fees += units(sleeve.fees, scale);
    made.trades += sleeve.trades;
    made.wins += sleeve.wins;
  }
  made.buy_and_hold = carried(data.buy_and_hold, made.times, start, scale);
  made.cash = carried(data.cash, made.times, start, scale);
  made.all = outcome("all sleeves", start, made.together);
  made.held = outcome("buy and hold", start, made.buy_and_hold);
  made.idle = outcome("cash", start, made.cash);
  return made;
}

std::string verdict(const ReportData& data, const Figures& figures) {
  std::string line = gained(figures.all.gain_percent());
  line[0] = line[0] == 'l' ? 'L' : 'G';
  return fmt::format("{} after fees: {} {} became {}. Buying and holding would have {}, cash {}.", line,
                     money(figures.all.start), data.quote.code, money(figures.all.end),
                     gained(figures.held.gain_percent()), percent(figures.idle.gain_percent()));
}

std::vector<Flaw> flaws(const ReportData& data) {
  const workers::market::ImportReport& import = data.import;
  std::vector<Flaw> found;
  const auto add = [&](std::int64_t count, std::string what, std::string treatment) {
    if (count > 0) found.push_back({count, std::move(what), std::move(treatment)});
  };
  add(import.duplicates, "rows of an hour that stood before", "the first row in file order stands");
  add(import.differing_duplicates, "of them with other prices", "the first row in file order stands");
  add(import.missing, fmt::format("hours missing in {} gap{}", grouped(import.gaps), import.gaps == 1 ? "" : "s"),
      "left open; no signal across a gap");
  add(import.rejected, (import.rejected == 1 ? "absurd bar" : "absurd bars") + first_rejection(data),
      "kept in the series, nothing fills there");
  add(import.out_of_order, "rows out of the file's order", "sorted by time");
  add(import.outside_range, "bars with open or close outside low to high", "taken as they are");
  add(import.rounded, "prices with more than 8 decimals", "rounded half-even");
  add(import.newest_first ? import.rows : 0, "rows, newest first", "sorted by time");
  const std::int64_t most_common = std::max({import.in_seconds, import.in_milliseconds, import.in_microseconds});
  const std::int64_t timed = import.in_seconds + import.in_milliseconds + import.in_microseconds;
  add(timed - most_common, "times in another unit: " + units_of_time(import), "detected row by row");
  const std::int64_t one_style = std::max({import.iso_dates, import.twelve_hour_dates, import.other_dates});
  add(import.iso_dates + import.twelve_hour_dates + import.other_dates - one_style,
      "dates in another style: " + styles_of_date(import), "dates are not read, Unix time is");
  return found;
}

std::string rejection(const workers::market::Rejection& one) {
  return fmt::format("{} {} at {}, beside {}", one.field, money(units(one.value)), date_time(one.opens_at),
                     money(units(one.reference)));
}

std::string grouped(std::int64_t count) { return with_groups(std::to_string(count)); }

std::string money(double value) {
  const double size = std::abs(value);
  if (size > 0 && size < 1) return fmt::format("{:.4f}", value);
  return with_groups(fmt::format("{:.2f}", value));
}

std::string signed_money(double value) { return (value > 0 ? "+" : "") + money(value); }

std::string percent(double value) {
  const std::string text = with_groups(fmt::format("{:.1f}", value));
  return (text == "-0.0" ? "0.0" : text) + " %";
}

std::string signed_percent(double value) { return (value >= 0.05 ? "+" : "") + percent(value); }

std::string date(Instant at) {
  using namespace std::chrono;
  const year_month_day day{floor<days>(sys_time<std::chrono::microseconds>{std::chrono::microseconds{at.us}})};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

std::string date_time(Instant at) {
  constexpr std::int64_t day_minutes = 24 * 60;
  const std::int64_t minute = ((at.us / 60'000'000) % day_minutes + day_minutes) % day_minutes;
  return fmt::format("{} {:02}:{:02}", date(at), minute / 60, minute % 60);
}

}  // namespace deploy::report
