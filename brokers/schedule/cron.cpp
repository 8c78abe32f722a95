#include "brokers/schedule/cron.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>

namespace brokers::schedule {
namespace {

using machines::Instant;

struct Field {
  const char* name;
  int least, most;
  std::vector<std::string_view> words;  // of the least, and up
};

const std::array<Field, 5>& fields() {
  static const std::array<Field, 5> all = {
      {{"minute", 0, 59, {}},
       {"hour", 0, 23, {}},
       {"day of the month", 1, 31, {}},
       {"month", 1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
       {"day of the week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}}};
  return all;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(separator, from), text.size());
    parts.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return parts;
}

std::optional<int> number_of(std::string_view text, const Field& field) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  for (std::size_t at = 0; at < field.words.size(); ++at)
    if (lower == field.words[at]) return field.least + static_cast<int>(at);
  if (text.empty() || text.size() > 2) return std::nullopt;
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number >= field.least && number <= field.most ? std::optional(number) : std::nullopt;
}

// "*", "5", "1-5", each perhaps with a step.
bool read_item(std::string_view text, const Field& field, std::bitset<64>& set) {
  const auto slash = text.find('/');
  const std::string_view range = text.substr(0, slash);
  int step = 1;
  if (slash != std::string_view::npos) {
    const auto read = number_of(text.substr(slash + 1), {"step", 1, 59, {}});
    if (!read || (range != "*" && range.find('-') == std::string_view::npos)) return false;
    step = *read;
  }
  const bool is_weekday = field.most == 7;
  int from = field.least, to = is_weekday ? 6 : field.most;
  if (range != "*") {
    const auto ends = split(range, '-');
    if (ends.size() > 2) return false;
    const auto first = number_of(ends.front(), field), last = number_of(ends.back(), field);
    if (!first || !last || (*first > *last && !is_weekday)) return false;
    from = *first;
    to = *first > *last ? *last + 7 : *last;  // fri-mon, mon-sun: over the end of the week
  }
  for (int at = from; at <= to; at += step) set.set(static_cast<std::size_t>(is_weekday ? at % 7 : at));
  return true;
}

template <std::size_t Size>
std::bitset<Size> narrowed(const std::bitset<64>& set) {
  return std::bitset<Size>(set.to_ullong() & ((1ULL << Size) - 1));
}

bool is_day(const Cron& cron, date::local_days day) {
  const date::year_month_day civil(day);
  if (!cron.months[static_cast<unsigned>(civil.month())]) return false;
  const bool by_day = cron.days[static_cast<unsigned>(civil.day())];
  const bool by_weekday = cron.weekdays[date::weekday(day).c_encoding()];
  if (cron.any_day || cron.any_weekday) return by_day && by_weekday;
  return by_day || by_weekday;
}

Instant instant_of(date::local_seconds local, std::chrono::seconds offset) {
  const date::sys_seconds at(local.time_since_epoch() - offset);
  return {std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count()};
}

// The moments at which a clock there shows this time: mostly one.
void add_moments(const Cron& cron, const date::time_zone* zone, date::local_seconds local, std::vector<Instant>& to) {
  const auto info = zone->get_info(local);
  if (info.result == date::local_info::nonexistent) {
    if (!cron.any_hour) to.push_back({info.first.end.time_since_epoch().count() * 1'000'000});
    return;
  }
  to.push_back(instant_of(local, info.first.offset));  // the offset that held before
  if (info.result == date::local_info::ambiguous && (cron.any_minute || cron.any_hour))
    to.push_back(instant_of(local, info.second.offset));
}

std::vector<Instant> times_of_day(const Cron& cron, const date::time_zone* zone, date::local_days day) {
  std::vector<Instant> times;
  for (std::size_t hour = 0; hour < 24; ++hour)
    for (std::size_t minute = 0; cron.hours[hour] && minute < 60; ++minute)
      if (cron.minutes[minute])
        add_moments(cron, zone, day + std::chrono::hours(hour) + std::chrono::minutes(minute), times);
  std::sort(times.begin(), times.end());  // a repeated hour comes twice as a whole
  return times;
}

// Calls `look` with each time after `after`, in order, until it says no.
void each_time(const Cron& cron, const std::string& zone_name, Instant after,
               const std::function<bool(Instant)>& look) {
  constexpr int most_days = 366 * 9;  // the 29th of February may be eight years away
  const date::time_zone* zone = date::locate_zone(zone_name);
  const date::sys_seconds from(std::chrono::seconds(after.us / 1'000'000));
  const auto first = date::floor<date::days>(zone->to_local(from)) - date::days(1);
  Instant last = after;
  for (int n = 0; n < most_days; ++n) {
    const date::local_days day = first + date::days(n);
    if (!is_day(cron, day)) continue;
    for (const Instant at : times_of_day(cron, zone, day)) {
      if (at <= last) continue;
      last = at;
      if (!look(at)) return;
    }
  }
}

}  // namespace

machines::Result<Cron, std::string> Cron::parse(std::string_view text) {
  std::vector<std::string_view> parts;
  std::string blanks(text);
  std::replace(blanks.begin(), blanks.end(), '\t', ' ');
  for (const std::string_view part : split(blanks, ' '))
    if (!part.empty()) parts.push_back(part);
  if (parts.size() != 5)
    return machines::fail(
        fmt::format("has {} fields; minute, hour, day, month and weekday are expected", parts.size()));
  std::array<std::bitset<64>, 5> sets;
  for (std::size_t at = 0; at < 5; ++at)
    for (const std::string_view item : split(parts[at], ','))
      if (!read_item(item, fields()[at], sets[at]))
        return machines::fail(
            fmt::format("has \"{}\" as {}; *, numbers from {} to {}, ranges from less to more and steps "
                        "are expected",
                        item, fields()[at].name, fields()[at].least, fields()[at].most));
  Cron cron{narrowed<60>(sets[0]), narrowed<24>(sets[1]), narrowed<32>(sets[2]),
            narrowed<13>(sets[3]), narrowed<7>(sets[4]),  parts[2][0] == '*',
            parts[4][0] == '*',    parts[0][0] == '*',    parts[1][0] == '*'};
  if (!next_time(cron, "UTC", Instant{0})) return machines::fail(std::string("names a day that never comes"));
  return cron;
}

bool is_zone(const std::string& name) {
  try {
    return date::locate_zone(name) != nullptr;
  } catch (const std::exception&) {
    return false;
  }
}

std::optional<Instant> next_time(const Cron& cron, const std::string& zone, Instant after) {
  const auto times = next_times(cron, zone, after, 1);
  return times.empty() ? std::nullopt : std::optional(times.front());
}

std::vector<Instant> next_times(const Cron& cron, const std::string& zone, Instant after, int count) {
  std::vector<Instant> times;
  each_time(cron, zone, after, [&](Instant at) {
    times.push_back(at);
    return static_cast<int>(times.size()) < count;
  });
  return times;
}

std::string local_text(Instant at, const std::string& zone) {
  const date::sys_seconds seconds(std::chrono::seconds(at.us / 1'000'000));
  return date::format("%F %T %Z", date::make_zoned(zone, seconds));
}

std::vector<Instant> due_times(const Cron& cron, const std::string& zone, CatchUp catch_up, Instant last, Instant now) {
  constexpr std::int64_t longest_us = 400LL * 86'400 * 1'000'000;  // nobody wants what was missed before
  std::deque<Instant> passed;
  each_time(cron, zone, std::max(last, Instant{now.us - longest_us}), [&](Instant at) {
    if (at > now) return false;
    passed.push_back(at);
    if (passed.size() > most_caught_up) passed.pop_front();
    return true;
  });
  if (catch_up == CatchUp::last && !passed.empty()) passed = {passed.back()};
  if (catch_up == CatchUp::none) std::erase_if(passed, [now](Instant at) { return now.us - at.us > on_time_us; });
  return {passed.begin(), passed.end()};
}

}  // namespace brokers::schedule
