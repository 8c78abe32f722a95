#include "ledger/export/dialect.hpp"

#include <fmt/format.h>

#include <chrono>

namespace ledger::exports {

std::string date_text(Day day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string time_text(machines::Instant at) {
  const Day day = day_of(at);
  const std::int64_t us = (at - machines::start_of(day)).us;
  const std::int64_t seconds = us / 1'000'000;
  return fmt::format("{}T{:02}:{:02}:{:02}.{:06}Z", date_text(day), seconds / 3'600, seconds / 60 % 60, seconds % 60,
                     us % 1'000'000);
}

}  // namespace ledger::exports
