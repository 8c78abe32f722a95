// ledger/books/fee_prices.hpp: what a coin that a venue takes its fees in is worth, in quote: the price at which the
// venue converts each fee, and so the one of every fill. Pinned with the treasury's settings. Reads only.
#pragma once

#include <map>
#include <string_view>

#include "ledger/store/connection.hpp"
#include "machines/core/amount.hpp"

namespace ledger::books {

using FeePrices = std::map<machines::AssetId, machines::Price>;

// The code of the coin and its price in these settings (Config::frozen_text). fee_coin_of(): nothing where fees are not
// in a coin.
struct FeeCoin {
  std::string code;
  machines::Price price;
};
std::optional<FeeCoin> fee_coin_of(std::string_view settings);

// The price of each asset that a fee may be taken in, by the settings that the ledger keeps. Empty where no fee is
// taken in a coin. Errors: the connection's.
Stored<FeePrices> read_fee_prices(Connection& connection);

}  // namespace ledger::books
