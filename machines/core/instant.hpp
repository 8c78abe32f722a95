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
constexpr Duration microseconds(std::int64_t n) { return {n}; }
constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr Duration hours(std::int64_t n) { return {n * 3'600'000'000}; }

// Microseconds since 1970-01-01T00:00:00Z.
struct Instant {
  std::int64_t us = 0;
  constexpr auto operator<=>(const Instant&) const = default;
};
constexpr Instant operator+(Instant at, Duration by) { return {at.us + by.us}; }
constexpr Instant operator-(Instant at, Duration by) { return {at.us - by.us}; }
constexpr Duration operator-(Instant later, Instant earlier) { return {later.us - earlier.us}; }

}  // namespace machines
