// ledger/env/times.hpp: times as people read them, the clock on the wall, and the steady one.
#pragma once

#include <cstdint>
#include <string>

#include "machines/core/instant.hpp"

namespace ledger::env {

// UTC to the millisecond, as ISO 8601 writes it: "2024-01-07T12:59:59.999Z".
std::string utc(machines::Instant at);

// An age for people, rounded down: "40 s" (below two minutes), "12 min", "5 h", "3 d 4 h" (from two days on).
std::string age_text(std::int64_t seconds);

// By the system's clock; never a world time.
machines::Instant wall_now();

// Microseconds of a clock that never goes back, since a moment that only this machine knows: for how long a thing
// takes.
std::int64_t steady_us();

}  // namespace ledger::env
