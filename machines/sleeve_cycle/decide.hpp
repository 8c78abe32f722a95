// machines/sleeve_cycle/decide.hpp: when a cycle buys and sells, and what it does with what the venue gave it. Pure, no
// throw.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machines/core/sleeve.hpp"
#include "machines/sleeve_cycle/sleeve_cycle.hpp"
#include "machines/strategy/momentum/momentum.hpp"

namespace machines::sleeve_cycle {

// The cycle's own variables. Amounts in minor units.
struct Data {
  std::int64_t number = 1;  // of the sleeve's cycles
  Instant entered_at{0};    // world time of the first fill: the open of its bar
  Amount cost, base;        // quote spent, entry fees included, and what it bought; with the dust that was there before
  Price entry_price;        // average, without fees
  Amount proceeds;          // quote received, after the exit fees
  Amount fees;              // of entry and exit
  std::string exit_reason;
  Amount realized;  // at the close: proceeds - cost, less the share of the cost that stays with the dust
};

// What the ledger and the bars said at the decision's world time.
struct Facts {
  Instant world_at;
  Data data;
  SleeveKind kind = SleeveKind::quiet;
  Amount allocation;  // what the vault has given it and not taken back: what a flash sleeve keeps
  SleeveAccounts accounts;
  Instrument instrument;
  strategy::Momentum rules;
  strategy::Window window;
  std::optional<Price> high_since;         // highest close since the entry
  Amount quote_available, base_available;  // after the order's own postings, when an order's end is told
  bool paused = false;                     // no new buys, and rest once nothing is open
  Frozen frozen = Frozen::nothing;
};

// What it is told.
enum class Told {
  look,         // its timer: the price may have moved
  resume,       // the pause that it rested in is over
  order_ended,  // its child order has, with `summary`
  sold_outside  // `summary` of the position was sold, and not by this house, or it is gone: then summary.quote may be 0
};
struct Message {
  Told told = Told::look;
  OrderSummary summary{};
};

enum class Refusal { no_such_row, overflow };

struct Step {
  Event event;
  State from, to;
  Command then;
  Data data;
  std::vector<Posting> postings;    // a signal's hold is the first
  std::optional<OrderDraft> order;  // to be born with this step
  std::optional<Data> next_cycle;   // to be born with this step
};

// Nothing where a look finds nothing to do: the timer is re-armed and nothing is written. After a sale outside the
// facts are those behind it; what is left below the venue's minimum counts as closed. Refusals, in this order:
// no_such_row (a look needs a cycle that watches or holds, the end of an order one that enters or leaves, a sale
// outside one that holds), overflow. REQUIRES: the amounts are of the instrument's assets, and none that is available
// is negative; the lot is positive.
Result<std::optional<Step>, Refusal> decide(State state, const Facts& facts, const Message& message);

// World time at which a cycle looks at the price again: the next hourly close strictly after this.
constexpr Instant next_look(Instant world_at) { return next_bar_close(world_at); }

}  // namespace machines::sleeve_cycle
