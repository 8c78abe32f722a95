// ledger/books/open_treasury.hpp: OpenTreasury, the calls that open what a treasury stands on: assets, owners, pairs,
// vaults and sleeves. Each of them finds what is there already under its name, so that a start that was cut short is
// repeated whole. I/O: one round trip a call. Borrows its connection; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ledger/store/connection.hpp"
#include "machines/core/ids.hpp"
#include "machines/core/instant.hpp"
#include "machines/core/sleeve.hpp"

namespace ledger::books {

// Who opens something and why, kept in its history; without a time it is opened at the world's time.
struct OpenedBy {
  std::string who, why;
  std::optional<machines::Instant> at = {};
};
// `rules`: as schemas/codec/data.hpp writes them. `review`: microseconds of world time; 0: never.
struct NewVault {
  std::int64_t owner = 0;
  std::string name, venue, account;
  std::int64_t asset = 0;
  std::string rules;
  std::int64_t review_us = 0;
};
// `strategy`: as schemas/codec/data.hpp writes it. `fee_asset` 0: fees come out of what is traded.
struct NewSleeve {
  std::int64_t owner = 0, vault = 0;
  std::string name;
  machines::SleeveKind kind = machines::SleeveKind::quiet;
  std::int64_t pair = 0;
  std::string strategy;
  std::int64_t fee_asset = 0;
};
struct VaultAccounts {
  machines::AccountId external, reserve, tradeable;
};

// Calls in a row: after the first error the later ones do nothing and return 0, and the error stays.
class OpenTreasury {
 public:
  explicit OpenTreasury(Connection& connection) : connection_(connection) {}

  // Each opens what is not there yet under its name and returns the row's id. Decimals of an asset: 0 to 24.
  std::int64_t asset(const std::string& code, std::int64_t scale);
  std::int64_t owner(const std::string& name, std::int64_t shard);
  // Lot and smallest order in minor units of base and quote; fees as parts of a million of what is traded.
  std::int64_t pair(const std::string& symbol, std::int64_t base, std::int64_t quote,
                    const machines::Instrument& instrument);
  std::int64_t vault(const NewVault& vault, const OpenedBy& by);
  std::int64_t sleeve(const NewSleeve& sleeve, const OpenedBy& by);
  // The settings of the treasury as text; those that stand are left as they are.
  void settings(const std::string& text);

  // The first error of all calls; nothing while all of them worked. Ask it before an id is used.
  [[nodiscard]] const std::optional<StoreError>& error() const { return error_; }

 private:
  std::int64_t run(const SqlStatement& statement, const Parameters& parameters);

  Connection& connection_;
  std::optional<StoreError> error_;
};

// The vault's three accounts. REQUIRES: the vault exists.
Stored<VaultAccounts> accounts_of(Connection& connection, std::int64_t owner, std::int64_t vault);
// Whether coins were ever allocated in this ledger.
Stored<bool> has_allocations(Connection& connection);

}  // namespace ledger::books
