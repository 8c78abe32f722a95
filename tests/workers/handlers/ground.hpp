// tests/workers/handlers/ground.hpp: one sleeve with an order and its cycle, as rows: jobs and facts for handlers.
#pragma once

#include "ledger/books/treasury.hpp"
#include "ledger/journal/journal.hpp"
#include "machines/order/decide.hpp"
#include "schemas/codec/messages.hpp"
#include "workers/handlers/allocation.hpp"
#include "workers/handlers/cycle.hpp"
#include "workers/handlers/order.hpp"
#include "workers/handlers/vault.hpp"

namespace tests::orders {

inline constexpr machines::OwnerId owner{1};
inline constexpr machines::SleeveId sleeve_id{5};
inline constexpr machines::InstanceId cycle_id{70}, order_id{71};
inline constexpr machines::Int128 one_usdt = 100'000'000;
inline const std::string deployment = "00000000000000aa";
inline const std::string client_id = "00000000000000aa0000000000000047";
inline const machines::Instant decided_at{machines::hours(100).us - 1'000};

ledger::books::Sleeves sleeves();
const ledger::books::Sleeve& sleeve(const ledger::books::Sleeves& all);

// An order of 1,000 USDT (or 1 ETH), nothing of it filled, its hold standing.
machines::order::Data order_data(bool is_buy = true);
// Its facts in this state; its cycle enters (or leaves).
ledger::journal::Facts facts_of(std::string_view state, const machines::order::Data& data);
machines::LeasedJob job_of(std::string_view command, int tries = 0);

// The n-th fill: 0.1 ETH for 100 USDT, fee 0.1 USDT.
schemas::Fill fill(int number);
// The venue has this order, with these fills.
schemas::OrderReport report_of(schemas::OrderStatus status, std::vector<schemas::Fill> fills = {}, bool is_buy = true);
schemas::OrderReport not_found();
// The order once the first `count` of fill() are booked.
machines::order::Data booked(int count);

}  // namespace tests::orders
