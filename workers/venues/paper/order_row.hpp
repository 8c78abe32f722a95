// workers/venues/paper/order_row.hpp: an order as the store's file keeps it. Internal to the store.
#pragma once

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

}  // namespace workers::venues::paper
