// ledger/books/vaults.hpp: what a vault and its sleeves have, as people read it: one snapshot per call. A sleeve's
// balance is its quote coins, held ones included, with its open position at cost; so a position moves no balance until
// it closes. Reads only. Borrows its connection.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ledger/store/connection.hpp"
#include "machines/core/sleeve.hpp"
#include "machines/policy/reserve.hpp"

namespace ledger::books {

// What was paid or came back, in one asset.
struct CoinSum {
  machines::Asset asset;
  machines::Int128 minor = 0;
};

struct SleeveView {
  machines::SleeveId id{0};
  std::string name, pair;
  machines::SleeveKind kind = machines::SleeveKind::quiet;
  machines::Asset base;
  machines::Amount allocation, coins, held;  // given to it; quote on its account; of that in open orders
  machines::Amount position, cost;           // base, held for sale included; what it cost
  machines::Amount balance;                  // coins + cost
  machines::Amount returned;                 // by sweeps, all of them
  std::vector<CoinSum> fees;                 // where not 0
  std::string state;                         // of its live cycle; "" before the first allocation
  bool paused = false;
  machines::Amount smallest_order;  // at its venue
  // It has coins, and too few of them for any order; nothing is held either.
  [[nodiscard]] bool is_too_small() const {
    return !state.empty() && held.is_zero() && position.is_zero() && coins.minor() < smallest_order.minor();
  }
};

struct VaultView {
  machines::OwnerId owner;
  std::int64_t id = 0;
  std::string owner_name, name, venue, account;
  machines::Asset asset;
  machines::Amount total;                     // not at risk + tradeable
  std::optional<machines::Amount> on_wallet;  // its asset in the venue's last statement; nothing before the first
  machines::Instant stated_at{0};             // world time of that statement
  machines::Amount tradeable, unallocated;    // Tradeable Coins: not allocated + what quiet and flash have
  machines::Amount quiet, flash;              // balances of the sleeves
  machines::Amount not_at_risk, must_stay;    // outside Tradeable; of that, what the reserve asks for
  machines::policy::Reserve reserve;
  machines::AccountId external_account, reserve_account, tradeable_account;
  std::vector<SleeveView> sleeves;
  std::string idle;  // why nothing of it trades; empty when something may
};

// A pause or a freeze in force: its scope as a person would write it, and who ordered it why.
struct ControlView {
  std::string owner, measure, scope, target, level, who, why;
  machines::Instant since;  // world time
  std::string wall_at;      // UTC
};

class Vaults {
 public:
  explicit Vaults(Connection& connection) : connection_(connection) {}
  // By owner and id, of the owner of that name; all of them where `owner` is empty. Errors: the connection's.
  Stored<std::vector<VaultView>> vaults(const std::string& owner = "");
  // Every pause and freeze that is in force, by owner and age. Errors: the connection's.
  Stored<std::vector<ControlView>> controls();

 private:
  Stored<std::vector<VaultView>> read_vaults(const std::string& owner);
  Stored<bool> add_sleeves(VaultView& vault);
  Connection& connection_;
};

}  // namespace ledger::books
