// ledger/export/dialect.hpp: Dialect, how one plain-text tool wants a journal written, line by line. A dialect keeps no
// state and knows no database: it adds text to a buffer. No I/O, no throw.
//
// Signs are ours: what an account was credited is positive. So assets and paid fees stand positive, as both tools show
// them, and a balance reads as in `bursar ledger balances`.
#pragma once

#include <cstdint>
#include <string>

#include "ledger/export/names.hpp"
#include "machines/core/amount.hpp"
#include "machines/core/instant.hpp"

namespace ledger::exports {

using machines::Day;
using machines::day_of;

// UTC, as ISO 8601 writes them.
std::string date_text(Day day);               // 2024-01-31
std::string time_text(machines::Instant at);  // 2024-01-31T23:59:59.999000Z

// A posting that moved value, with everything spelled out.
struct Movement {
  machines::Instant at;
  std::int64_t instance = 0, version = 0, leg = 0;
  std::string code, from, to;  // from: the account debited, to: the one credited
  std::string commodity, amount;
};

// What an account's running counters say at the end of a day.
struct Close {
  Day day = 0;
  std::string account, commodity, balance;
};

class Dialect {
 public:
  virtual ~Dialect() = default;
  // The most significant digits that the tool computes with; 0: any number.
  [[nodiscard]] virtual int digits() const = 0;
  // Each adds its lines to the end of `out`. The order is: preamble, commodities, accounts, then movements and closes
  // day by day. `first` is no later than any posting.
  virtual void preamble(std::string& out, const std::string& deployment) const = 0;
  virtual void commodity(std::string& out, Day first, const std::string& name, const std::string& code,
                         int scale) const = 0;
  virtual void account(std::string& out, Day first, const std::string& name, const std::string& path,
                       const std::string& commodity) const = 0;
  virtual void movement(std::string& out, const Movement& movement) const = 0;
  virtual void close(std::string& out, const Close& close) const = 0;
};

// The one object of each; it lives as long as the process. hledger computes with any number of digits, beancount with
// 28.
const Dialect& hledger_dialect();
const Dialect& beancount_dialect();

}  // namespace ledger::exports
