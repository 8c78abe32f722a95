// machines/core/sleeve.hpp: what the machines of a sleeve share: its accounts, its instrument, and the sums over a
// step's postings. Pure, no throw.
#pragma once

#include <vector>

#include "machines/core/step.hpp"

namespace machines {

// quiet: profits stay and are traded with. flash: at each close, profits go back to the vault's Tradeable Coins.
enum class SleeveKind { quiet, flash };

// What an owner's freeze stops. entries: no new buys, no allocations; exits still run. all: nothing leaves.
enum class Frozen { nothing, entries, all };

// The accounts of one sleeve and of the vault that it belongs to. Money moves from a posting's debit to its credit
// account.
struct SleeveAccounts {
  AccountId quote, base;                    // spendable, limited
  AccountId trading_quote, trading_base;    // the venue's side of its trades, unlimited
  AccountId fees_quote;                     // fees paid
  AccountId suspense_quote, suspense_base;  // unlimited: a venue fact is never refused
  AccountId tradeable;                      // the vault's unallocated Tradeable Coins
  AccountId fees_base{};                    // fees that the venue took in base
  AccountId fees_other{},
      suspense_other{};  // 0 where the venue takes no third asset; fees in it are the vault's to pay
};

// What a venue trades: base coins for quote coins, in whole lots, above a least value, for a fee.
struct Instrument {
  Asset base, quote;
  Amount lot;           // base
  Amount min_notional;  // quote
  Rate maker_fee, taker_fee;
};

// What a cycle orders; the step that orders it holds the money (its posting number 1) and gives birth to the order.
struct OrderDraft {
  bool is_buy = true;
  Amount size;  // buy: quote to spend, fee included; sell: base
};

// What an order came to, for its cycle.
struct OrderSummary {
  Amount base, quote, fees;  // bought or sold, paid or received, fees in quote
  Instant first_fill;
  Amount fees_base{};  // what the venue took in base besides
};

// How much more (or less) is available in `account` after these postings, in minor units: a credit adds, a single and
// a hold from it take away, a post takes its amount and gives its hold back, a void gives its hold back; `held` is what
// each post or void among them resolves. Errors: overflow.
Result<Int128, AmountError> change_of_available(AccountId account, const std::vector<Posting>& postings, Amount held);

}  // namespace machines
