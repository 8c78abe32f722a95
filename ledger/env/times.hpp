// ledger/env/times.hpp: times as people read them, and the clock on the wall.
#pragma once

#include <cstdint>
#include <string>

#include "machines/core/instant.hpp"

namespace ledger::env {

// "2024-01-07T12:59:59.999Z"
std::string utc(machines::Instant at);

// "3 d 4 h", "12 min", "40 s"
std::string age_text(std::int64_t seconds);

// By the system's clock; never a world time.
machines::Instant wall_now();

}  // namespace ledger::env
