#include "deploy/bursar/times.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>

namespace deploy {

std::string utc(machines::Instant at) {
  const auto seconds = static_cast<std::time_t>(at.us / 1'000'000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), at.us / 1000 % 1000);
}

machines::Instant wall_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
}

}  // namespace deploy
