#include "ledger/export/dialect.hpp"

#include <fmt/format.h>

#include <chrono>

namespace ledger::exports {
namespace {

constexpr std::int64_t us_of_day = machines::hours(24).us;

}  // namespace

Day day_of(machines::Instant at) { return (at.us >= 0 ? at.us : at.us - us_of_day + 1) / us_of_day; }

std::string date_text(Day day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string time_text(machines::Instant at) {
  const Day day = day_of(at);
  const std::int64_t us = at.us - day * us_of_day;
  const std::int64_t seconds = us / 1'000'000;
  return fmt::format("{}T{:02}:{:02}:{:02}.{:06}Z", date_text(day), seconds / 3'600, seconds / 60 % 60, seconds % 60,
                     us % 1'000'000);
}

}  // namespace ledger::exports
