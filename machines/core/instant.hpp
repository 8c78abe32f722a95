// machines/core/instant.hpp: Instant and Span of time in whole microseconds; world time and wall time are never mixed.
// No clock here: an Instant comes from a bar, a timer or a row. Pure, no throw.
#pragma once

#include <compare>
#include <cstdint>

namespace machines {

// A length of time in microseconds.
struct Duration {
  std::int64_t us = 0;
  constexpr auto operator<=>(const Duration&) const = default;
};
// REQUIRES: the length fits 64 bits of microseconds (292,000 years).
constexpr Duration microseconds(std::int64_t n) { return {n}; }
constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr Duration hours(std::int64_t n) { return {n * 3'600'000'000}; }

// Microseconds since 1970-01-01T00:00:00Z.
struct Instant {
  std::int64_t us = 0;
  constexpr auto operator<=>(const Instant&) const = default;
};
// REQUIRES: the result fits 64 bits; nothing here checks it.
constexpr Instant operator+(Instant at, Duration by) { return {at.us + by.us}; }
constexpr Instant operator-(Instant at, Duration by) { return {at.us - by.us}; }
constexpr Duration operator-(Instant later, Instant earlier) { return {later.us - earlier.us}; }

// A UTC day as days since 1970-01-01 (negative before), and the instant that it begins at. An instant before 1970
// belongs to the day that holds it, not to the next one: the quotient is rounded down.
using Day = std::int64_t;
constexpr Day day_of(Instant at) {
  constexpr std::int64_t length = hours(24).us;
  return (at.us >= 0 ? at.us : at.us - length + 1) / length;
}
constexpr Instant start_of(Day day) { return Instant{0} + hours(24 * day); }
static_assert(day_of({-1}) == -1 && day_of(start_of(-1)) == -1 && day_of(start_of(1) - microseconds(1)) == 0);

// Hourly bars: one opens on the hour and closes a millisecond before the next may open, as exchanges state it.
// The first open, or close, that is strictly later. REQUIRES: at >= 0.
constexpr Instant next_bar_open(Instant at) { return {(at.us / hours(1).us + 1) * hours(1).us}; }
constexpr Instant next_bar_close(Instant at) { return next_bar_open(at + milliseconds(1)) - milliseconds(1); }
static_assert(next_bar_close({0}) == Instant{3'599'999'000});
static_assert(next_bar_close(next_bar_close({0})) == Instant{7'199'999'000});
static_assert(next_bar_open(next_bar_close({0})) == Instant{3'600'000'000});

}  // namespace machines
