// brokers/schedule/cron.hpp: when a schedule fires: five fields of cron in a time zone. Pure but for the zone tables of
// the system, read once. Over a change of the clock a time of day that is left out comes once, at the moment when the
// clock goes on, and one that is repeated comes once, at the first of the two. An interval (its minutes or its hours
// begin with "*", as in Debian's cron) goes on: both of what is repeated, and nothing for what is left out of all
// hours.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/core/instant.hpp"
#include "machines/core/result.hpp"

namespace brokers::schedule {

// Minute, hour, day of the month, month, day of the week (0 and 7 are Sunday); each "*", a number, a name (jan, mon), a
// range (of weekdays also over the end of the week: fri-mon), a step ("*/5", "10-30/5"), or a list of these; blanks or
// tabs between them. As Debian's cron has it, where both days are restricted either will do, but where one of them
// begins with "*" ("*/2" too) a day must fit both.
struct Cron {
  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<32> days;    // 1..31
  std::bitset<13> months;  // 1..12
  std::bitset<7> weekdays;
  bool any_day = false, any_weekday = false, any_minute = false, any_hour = false;
  // Errors: a sentence that names the field and what is expected. One that never comes ("0 0 30 2 *") is refused.
  static machines::Result<Cron, std::string> parse(std::string_view text);
};

// Whether the system knows this zone, for instance "Europe/Berlin" or "UTC".
bool is_zone(const std::string& name);

// The first time after `after`; nothing when the clock's range ends. REQUIRES: is_zone(zone).
std::optional<machines::Instant> next_time(const Cron& cron, const std::string& zone, machines::Instant after);
// The first `count` times after `after`, oldest first; fewer where the clock's range ends. REQUIRES: is_zone(zone).
std::vector<machines::Instant> next_times(const Cron& cron, const std::string& zone, machines::Instant after,
                                          int count);

// As clocks there show it: "2024-03-31 03:00:00 CEST". REQUIRES: is_zone(zone).
std::string local_text(machines::Instant at, const std::string& zone);

// What to do about times that passed while no house ran.
enum class CatchUp { none, last, all };
constexpr std::int64_t on_time_us = 60'000'000;  // later than this, a time was missed
constexpr std::size_t most_caught_up = 100;

// The times after `last` up to `now` that are to be fired, oldest first. Of those missed, none, the last or all (but at
// most the newest most_caught_up) are among them; one that is due now always is.
std::vector<machines::Instant> due_times(const Cron& cron, const std::string& zone, CatchUp catch_up,
                                         machines::Instant last, machines::Instant now);

}  // namespace brokers::schedule
