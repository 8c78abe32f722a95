#include "deploy/report/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace deploy::report {
namespace {

using machines::Instant;
using machines::Int128;

// Values, and what was moved so far, at each time; in units.
struct Track {
  double start = 0;
  std::vector<double> values, moved;
};

// Where nothing was there at the start, what was given first.
double first_money(const Track& track) {
  if (track.start > 0) return track.start;
  const auto given = std::find_if(track.moved.begin(), track.moved.end(), [](double moved) { return moved > 0; });
  return given == track.moved.end() ? 0 : *given;
}

Outcome outcome(std::string name, const Track& track, const std::vector<double>& weighted) {
  Outcome made;
  made.name = std::move(name);
  made.start = track.start;
  made.end = track.values.empty() ? track.start : track.values.back();
  double before = 0;
  for (const double moved : track.moved) {
    (moved > before ? made.moved_in : made.moved_out) += std::abs(moved - before);
    before = moved;
  }
  made.base = first_money(track);
  if (made.base > 0 && !weighted.empty()) made.growth = weighted.back() / made.base;
  const std::vector<double> falls = drawdown_percent(weighted);
  made.deepest_percent = falls.empty() ? 0 : *std::min_element(falls.begin(), falls.end());
  return made;
}

Track track_of(const Sleeve& sleeve, const std::vector<Instant>& times, int scale) {
  return {units(sleeve.started_with, scale), value_of(sleeve, times, scale), carried(sleeve.moved, times, 0, scale)};
}

// All sleeves: what flash has returned stands aside, and an allocation takes of that first.
Track together_of(const std::vector<Track>& tracks, const std::vector<std::vector<double>>& returned) {
  Track all;
  if (tracks.empty()) return all;
  for (const Track& one : tracks) all.start += one.start;
  double aside = 0, given_again = 0;
  for (std::size_t i = 0; i < tracks.front().values.size(); ++i) {
    double value = 0, in = 0, out = 0;
    for (std::size_t at = 0; at < tracks.size(); ++at) {
      const double moved = tracks[at].moved[i] - (i > 0 ? tracks[at].moved[i - 1] : 0);
      value += tracks[at].values[i];
      (moved > 0 ? in : out) += moved;
      aside += returned[at][i] - (i > 0 ? returned[at][i - 1] : 0);
    }
    const double again = std::min(in, aside);
    aside -= again;
    given_again += again;
    all.values.push_back(value - given_again);
    all.moved.push_back((i > 0 ? all.moved.back() : 0) + in - again + out);
  }
  return all;
}

Track unmoved(double start, const std::vector<double>& values) {
  return {start, values, std::vector<double>(values.size(), 0)};
}

Int128 last_of(const Series& series, Int128 without) { return series.empty() ? without : series.back().minor; }

std::string meanwhile(const Outcome& all) {
  std::string text;
  if (all.moved_in > 0) text += money(all.moved_in) + " given";
  if (all.moved_out > 0) text += (text.empty() ? "" : " and ") + money(all.moved_out) + " taken back";
  return text.empty() ? "" : ", with " + text + " meanwhile";
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

std::string first_level(const ReportData& data) {
  if (data.import.levels.empty()) return "";
  return ": " + level_text(data.import.levels.front()) + (data.import.level_changes > 1 ? ", and more" : "");
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

std::vector<double> value_of(const Sleeve& sleeve, const std::vector<Instant>& times, int scale) {
  std::vector<double> values = carried(sleeve.equity, times, units(sleeve.started_with, scale), scale);
  const std::vector<double> returned = carried(sleeve.returned, times, 0, scale);
  const std::vector<double> coin_fees = carried(sleeve.coin_fees, times, 0, scale);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += returned[i] - coin_fees[i];
  return values;
}

std::vector<double> time_weighted(double start, const std::vector<double>& values, const std::vector<double>& moved) {
  std::vector<double> weighted;
  weighted.reserve(values.size());
  double before = start, moved_before = 0;
  double last = first_money({start, values, moved});
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double by = moved[i] - moved_before;
    const double base = before + std::max(by, 0.0);
    if (base > 0) last *= (values[i] - std::min(by, 0.0)) / base;
    weighted.push_back(last);
    before = values[i];
    moved_before = moved[i];
  }
  return weighted;
}

Int128 result_of(const Sleeve& sleeve) {
  return last_of(sleeve.equity, sleeve.started_with) + last_of(sleeve.returned, 0) - last_of(sleeve.coin_fees, 0) -
         sleeve.started_with - last_of(sleeve.moved, 0);
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
  std::vector<Track> tracks;
  std::vector<std::vector<double>> returned;
  for (const Sleeve& sleeve : data.sleeves) {
    const Track track = track_of(sleeve, made.times, scale);
    made.sleeves.push_back(time_weighted(track.start, track.values, track.moved));
    made.sleeve_outcomes.push_back(outcome(sleeve.name, track, made.sleeves.back()));
    returned.push_back(carried(sleeve.returned, made.times, 0, scale));
    tracks.push_back(track);
    made.fees += units(sleeve.fees, scale);
    made.trades += sleeve.trades;
    made.wins += sleeve.wins;
  }
  const Track all = together_of(tracks, returned);
  made.together = time_weighted(all.start, all.values, all.moved);
  made.all = outcome("all sleeves", all, made.together);
  made.buy_and_hold = carried(data.buy_and_hold, made.times, all.start, scale);
  made.cash = carried(data.cash, made.times, all.start, scale);
  made.held = outcome("buy and hold", unmoved(all.start, made.buy_and_hold), made.buy_and_hold);
  made.idle = outcome("cash", unmoved(all.start, made.cash), made.cash);
  return made;
}

std::string verdict(const ReportData& data, const Figures& figures) {
  std::string line = gained(figures.all.gain_percent());
  line[0] = line[0] == 'l' ? 'L' : 'G';
  return fmt::format("{} after fees: {} {} became {}{}. Buying and holding would have {}, cash {}.", line,
                     money(figures.all.start), data.quote.code, money(figures.all.end), meanwhile(figures.all),
                     gained(figures.held.gain_percent()), percent(figures.idle.gain_percent()));
}

std::vector<Flaw> flaws(const ReportData& data) {
  const workers::market::ImportReport& import = data.import;
  std::vector<Flaw> found;
  const auto add = [&](std::int64_t count, std::string what, std::string treatment) {
    if (count > 0) found.push_back({count, std::move(what), std::move(treatment)});
  };
  const auto some = [](std::int64_t count, const char* one, const char* several) { return count == 1 ? one : several; };
  add(import.duplicates,
      some(import.duplicates, "row of an hour that stood before", "rows of an hour that stood before"),
      "the first row in file order stands");
  add(import.differing_duplicates, "of them with other prices", "the first row in file order stands");
  add(import.missing,
      fmt::format("{} missing in {} gap{}", some(import.missing, "hour", "hours"), grouped(import.gaps),
                  import.gaps == 1 ? "" : "s"),
      "left open; no signal across a gap");
  add(import.rejected, (import.rejected == 1 ? "absurd bar" : "absurd bars") + first_rejection(data),
      "kept in the series, nothing fills there");
  add(import.level_changes,
      (import.level_changes == 1 ? "jump to a new level" : "jumps to a new level") + first_level(data),
      "taken as real from the next bar on: its position and rules meet the new price");
  add(import.out_of_order, some(import.out_of_order, "row out of the file's order", "rows out of the file's order"),
      "sorted by time");
  add(import.outside_range,
      fmt::format("{} with open or close outside low to high", some(import.outside_range, "bar", "bars")),
      "taken as they are");
  add(import.rounded, fmt::format("{} with more than 8 decimals", some(import.rounded, "price", "prices")),
      "rounded half-even");
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

std::string level_text(const workers::market::LevelChange& one) {
  return fmt::format("{} to {} at {}", money(units(one.from)), money(units(one.to)), date_time(one.opens_at));
}

std::string grouped(std::int64_t count) { return with_groups(std::to_string(count)); }

std::string counted(std::int64_t count, const std::string& one) {
  return grouped(count) + " " + one + (count == 1 ? "" : "s");
}

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
