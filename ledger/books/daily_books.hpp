// ledger/books/daily_books.hpp: DailyBooks, the books of every sleeve and vault day by day (UTC days of world time).
// Data only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "machines/core/instant.hpp"
#include "machines/core/sleeve.hpp"
#include "machines/costs/costs.hpp"

namespace ledger::books {

using machines::Day;
using machines::Int128;

struct VaultRow {
  machines::OwnerId owner;
  std::int64_t id = 0;
  std::string owner_name, name;
  machines::Asset asset;
  machines::AccountId reserve, tradeable;
};

struct SleeveRow {
  machines::OwnerId owner;
  machines::SleeveId id;
  std::int64_t vault = 0;
  std::string owner_name, name, symbol;
  machines::SleeveKind kind = machines::SleeveKind::quiet;
  machines::InstrumentId instrument;
  machines::Asset base, quote;
  machines::AccountId base_account, quote_account;
};

// One sleeve on one day. In quote unless it says otherwise.
struct SleeveDay {
  Day day = 0;
  Int128 opening = 0;      // worth at cost when it began
  Int128 balance = 0;      // quote at the day's end
  Int128 base = 0;         // base at the day's end, in base
  Int128 cost = 0;         // of that base, without fees
  Int128 open_fees = 0;    // that the sleeve paid for buying that base
  Int128 realised = 0;     // before fees
  Int128 fees = 0;         // paid on this day: in quote, what base paid as a fee had cost, and the value of other coins
  Int128 coin_fees = 0;    // of those, the value of other coins: another vault paid them
  Int128 closed_fees = 0;  // of what was sold on this day, whenever they were paid
  Int128 allocated = 0, reclaimed = 0;
  Int128 returned = 0;  // swept to the vault
  Int128 returned_so_far = 0;
  Int128 corrected = 0;                      // what explained errors brought (+) or took (-), coins at cost
  Int128 other = 0;                          // moved in (+) or out (-) under other codes
  Int128 suspense = 0;                       // spent by suspense for it
  std::optional<Int128> unrealised;          // at the last sound close up to the day's end; nothing without one
  std::optional<Int128> opening_unrealised;  // of the day before; 0 on the first
  bool unvalued = false;                     // some fee was paid in a coin of which no price is known
  std::map<machines::AssetId, Int128> paid;  // fees paid on this day, by asset, in that asset
  std::int64_t fills = 0;
  [[nodiscard]] Int128 worth() const { return balance + cost; }  // at cost, without fees
  [[nodiscard]] Int128 coins() const { return balance + cost + open_fees; }
  // What the day made after all fees, marked at its end; what was moved in or out is no part of it. Nothing without a
  // price.
  [[nodiscard]] std::optional<Int128> result() const {
    if (!unrealised || !opening_unrealised) return std::nullopt;
    return realised - fees + corrected + *unrealised - *opening_unrealised;
  }
};

struct SleeveBooks {
  SleeveRow sleeve;
  std::vector<SleeveDay> days;  // every day from its first to the statement's last
};

struct VaultDay {
  Day day = 0;
  Int128 total = 0;      // cash: reserve, tradeable, and what its sleeves have of its asset
  Int128 tradeable = 0;  // of that, without the reserve
  Int128 held = 0;       // cost of what its sleeves bought with it and hold, without fees
  Int128 open_fees = 0;  // that they paid for buying that
  // Cash, and what is held at cost with its fees: a purchase changes none of the two.
  [[nodiscard]] Int128 total_coins() const { return total + held + open_fees; }
  [[nodiscard]] Int128 tradeable_coins() const { return tradeable + held + open_fees; }
  std::optional<Int128> held_market = 0;  // the same at the last sound closes; nothing without a price of some
};

struct VaultBooks {
  VaultRow vault;
  std::vector<VaultDay> days;
};

// What does not add up. `sleeve` is empty where the account is no sleeve's.
struct Break {
  Day day = 0;
  std::string owner, sleeve, what;
};

struct DailyBooks {
  machines::costs::Basis basis = machines::costs::Basis::average;
  std::map<machines::AssetId, machines::Asset> assets;
  std::vector<SleeveBooks> sleeves;
  std::vector<VaultBooks> vaults;
  std::vector<Break> breaks;                                       // by day
  [[nodiscard]] std::optional<std::pair<Day, Day>> range() const;  // first and last day; nothing on an empty ledger
};

}  // namespace ledger::books
