// workers/venues/paper/order_row.hpp: what the store's sources share: an order as the file keeps it, how a call fails,
// which asset pays. Internal to the store.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "workers/venues/paper/store.hpp"

namespace workers::venues::paper {

struct Store::Order {
  std::int64_t number = 0;
  std::string client_id, symbol;
  schemas::Side side = schemas::Side::buy;
  machines::Int128 size = 0;
  machines::Int128 remaining = 0;  // reserved while it rests
  machines::Instant placed_at;
  schemas::OrderStatus status = schemas::OrderStatus::resting;
  std::string reason;
  int fills = 0;
};

inline machines::Failure<StoreError> refuse(std::string text) {
  return machines::fail(StoreError{StoreFailure::refused, std::move(text)});
}
inline machines::Failure<StoreError> broken(const SqlError& error) {
  return machines::fail(StoreError{StoreFailure::broken, error.text});
}

// What a trade did to each asset that it touched.
inline std::map<std::string, machines::Int128> changes_of(const machines::Instrument& pair, schemas::Side side,
                                                          const schemas::Fill& fill) {
  const int sign = side == schemas::Side::buy ? 1 : -1;
  std::map<std::string, machines::Int128> changes;
  changes[pair.base.code] += sign * fill.base;
  changes[pair.quote.code] -= sign * fill.quote;
  changes[fill.fee_asset.empty() ? pair.quote.code : fill.fee_asset] -= fill.fee;
  return changes;
}

inline const machines::Asset& spent_asset(const Market& market, schemas::Side side) {
  return side == schemas::Side::buy ? market.instrument.quote : market.instrument.base;
}

}  // namespace workers::venues::paper
