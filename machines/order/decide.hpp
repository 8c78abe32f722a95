// machines/order/decide.hpp: what an order does with the venue's word. Pure, no throw.
#pragma once

#include <string>
#include <vector>

#include "machines/core/sleeve.hpp"
#include "machines/order/order.hpp"

namespace machines::order {

// The order's own variables. Amounts are minor units of the instrument's assets.
struct Data {
  std::string symbol;
  bool is_buy = true;
  Amount size;               // buy: quote to spend, fee included; sell: base
  HoldKey hold;              // the open hold; instance 0 when none stands
  Amount held;               // what it reserves: quote for a buy, base for a sell
  Amount base, quote, fees;  // filled so far; fees in quote
  Amount fees_base;          // in base
  Amount fees_other;         // in a third asset; its asset is 0 where the venue takes none
  int fills = 0;             // how many fills have been booked
  Instant placed_at;         // world time of the decision
  Instant first_fill{0};
  std::string reason;  // why it was rejected, cancelled or put in quarantine
  // Wall clock, microseconds since the epoch: no request of this order that has left can be taken by the venue later.
  // 0: none has left, or the venue gives no such moment. A fact of the outside call, in no digest.
  std::int64_t good_until_us = 0;
};

// What is new at the venue since the last look; zero amounts when nothing is.
struct NewFills {
  int count = 0;
  Amount base, quote, fees;
  Instant first, last;
  Amount fees_base{}, fees_other{};
};

// What the ledger said about the order before the step.
struct Facts {
  InstanceId instance;
  std::int64_t version = 0;  // before this step
  Data data;
  SleeveAccounts accounts;
  Instrument instrument;
  AccountId fee_payer{};  // the vault's account of the third asset, 0 where there is none
  Int128 fee_funds = 0;   // what is available in it
};

// What happened to the order: the event, and the fills and words that came with it.
struct Message {
  Event event;
  NewFills fills;
  std::string reason;
  std::int64_t good_until_us = 0;  // of the request that leaves with send or resend
};

// Named at decide(), in the order in which they are looked for.
enum class Refusal { no_such_row, fills_missing, fills_unexpected, bad_fill, overflow, was_filled };

struct Step {
  Event event;
  State from, to;
  Command then;
  Data data;                      // after
  std::vector<Posting> postings;  // its leg numbers are positions in here, from 1
  Amount resolved;                // what the hold reserved that a post or void among the postings resolves
};

// Refusals, in this order: no_such_row (state, event), fills_missing (a fill without any), fills_unexpected (fills with
// an event that books none), was_filled (not placed, and fills of it are booked), bad_fill (a negative or zero part),
// overflow. A venue fact is never refused for money:
// what goes beyond the hold, or beyond what is there to pay a fee, comes out of suspense. Fills resolve the open hold;
// while the order goes on, what is left of it is held again under this step. An order that has ended holds nothing.
// REQUIRES: facts.fee_funds is not negative, and the hold in the data is the one that stands.
Result<Step, Refusal> decide(State state, const Facts& facts, const Message& message);

// What the order's cycle is told at its end: sums over all fills, the fee in a third asset left out.
OrderSummary summary_of(const Data& data);

}  // namespace machines::order
