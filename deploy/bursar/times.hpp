// deploy/bursar/times.hpp: times as people read them, and the clock on the wall.
#pragma once

#include <string>

#include "machines/core/instant.hpp"

namespace deploy {

// "2024-01-07T12:59:59.999Z"
std::string utc(machines::Instant at);

// By the system's clock; never a world time.
machines::Instant wall_now();

}  // namespace deploy
