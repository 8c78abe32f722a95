// ledger/market/bars.hpp: hourly price bars as rows. No throw.
#pragma once

#include <vector>

#include "ledger/store/connection.hpp"
#include "machines/core/amount.hpp"
#include "machines/core/instant.hpp"

namespace ledger::market {

// One hour. A number is sound when it lies within 50 % of the last sound close (workers/market judges): a bar is no
// witness for itself. Nothing may ever fill on an absurd bar.
struct Bar {
  machines::Instant opens_at;
  machines::Price open, high, low, close;
  bool open_sound = true;
  bool close_sound = true;  // signals and marks may use the close
  // Whether one of the two numbers that are traded at is not sound.
  [[nodiscard]] bool absurd() const { return !open_sound || !close_sound; }
  bool operator==(const Bar&) const = default;
};

// Adds bars; those whose hour is there already stay as they are. Errors: the connection's; either all stand then, or
// none of these.
Stored<bool> write_bars(Connection& connection, const std::vector<Bar>& bars);

// The bars that stand, by time. Errors: the connection's.
Stored<std::vector<Bar>> read_bars(Connection& connection);

}  // namespace ledger::market
