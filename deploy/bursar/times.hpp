// deploy/bursar/times.hpp: world times as people read them.
#pragma once

#include <string>

#include "machines/core/instant.hpp"

namespace deploy {

// "2024-01-07T12:59:59.999Z"
std::string utc(machines::Instant at);

}  // namespace deploy
