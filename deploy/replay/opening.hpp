// deploy/replay/opening.hpp: the rows that a treasury begins with: assets, owner, accounts, vault, sleeves, instrument
// and bars, and the genesis allocations. Safe to repeat: what an interrupted run left is completed, what stands is left
// alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/market/feed.hpp"
#include "ledger/store/connection.hpp"
#include "machines/core/sleeve.hpp"
#include "machines/policy/reallocation.hpp"
#include "machines/policy/reserve.hpp"
#include "machines/strategy/momentum/momentum.hpp"
#include "workers/market/bars.hpp"

namespace deploy {

struct SleeveSpec {
  std::string name;
  machines::SleeveKind kind = machines::SleeveKind::quiet;
  machines::Amount allocation;  // quote
  machines::strategy::Momentum rules;
};

struct TreasurySpec {
  std::string symbol;               // ETH/USDT
  machines::Instrument instrument;  // asset ids 1 (quote) and 2 (base)
  machines::Amount total, tradeable;
  machines::policy::Reserve reserve;            // which of the vault's coins must stay out of Tradeable
  machines::policy::Reallocation reallocation;  // what it may allocate by itself; sleeves count from 1 in their order
  std::optional<machines::Asset> fee_asset;     // the third one that the venue takes its fees in
  machines::Amount fee_coins;                   // what the account has of it: a vault of its own, all in reserve
  std::vector<SleeveSpec> sleeves;
  std::string settings;  // what must not change on this folder; compared on every start
};

// What is replayed here; compared on every start.
struct FeedState {
  std::string file, sha256;
  workers::market::ImportReport import;
  machines::Instant played_to{0};
  bool finished = false;
  std::int64_t elapsed_us = 0;
};

// Replays the sample that our generator made, not a file that was given.
bool is_sample(const FeedState& feed);

// The feed that an earlier run set up, or nothing on a new database.
ledger::Stored<std::vector<FeedState>> read_feed(ledger::Connection& connection);
// Empty when this database has no settings yet.
ledger::Stored<std::string> read_settings(ledger::Connection& connection);

// The shard (0 to 63) of a new owner, drawn once and stored.
std::int64_t drawn_shard();

// REQUIRES: migrated, and the owner's role. Errors: the connection's.
ledger::Stored<bool> set_up(ledger::Connection& connection, const TreasurySpec& spec,
                            const workers::market::PriceFile& prices, const std::string& file);

}  // namespace deploy
