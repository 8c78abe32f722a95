// workers/handlers/compose.hpp: machine-local steps put together into the one core Step that a commit takes. Pure, no
// throw.
#pragma once

#include "ledger/books/treasury.hpp"
#include "machines/order/decide.hpp"
#include "machines/sleeve_cycle/decide.hpp"
#include "workers/handlers/handler.hpp"

namespace workers::handlers {

inline constexpr std::string_view order_kind = "order";
inline constexpr std::string_view cycle_kind = "sleeve_cycle";
inline constexpr std::string_view allocation_kind = "allocation";
inline constexpr std::string_view vault_kind = "vault";

machines::Frozen frozen_of(const ledger::journal::Facts& facts);

// A cycle's facts from what the ledger read. Nothing when its data or the sleeve's rules can't be read.
std::optional<machines::sleeve_cycle::Facts> cycle_facts(const ledger::books::Sleeve& sleeve,
                                                         const ledger::journal::Facts& facts, std::string_view data,
                                                         machines::Instant world_at);

// Adds a cycle's move to a step, with its postings behind those that stand, the order or the next cycle that it gives
// birth to, and its jobs. `version` is the cycle's before the move.
void add_cycle_move(machines::Step& step, const ledger::books::Sleeve& sleeve, machines::InstanceId cycle,
                    std::int64_t version, const machines::sleeve_cycle::Step& move);

// The birth of a cycle that watches from the next close on.
void add_cycle_birth(machines::Step& step, machines::SleeveId sleeve, const machines::sleeve_cycle::Data& data,
                     machines::InstanceId parent);

}  // namespace workers::handlers
