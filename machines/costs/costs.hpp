// machines/costs/costs.hpp: what a sleeve's coins cost and what selling them made: lots at average cost or first in,
// first out, from its fills in order of world time. Pure, no throw.
//
// Exact in whole minor units. Taking a part of a lot takes its share of the lot's cost and of its fees, each rounded
// down (Rounding::down); what rounding left stays in the lot, and the last coin takes all of it. So, of all fills:
//   cost of purchases = cost of sold + cost of coins paid as fees + cost of what is held
//   fees in quote + cost of coins paid as fees = fees of sold + fees of what is held
// Fees are never part of a cost: a fee in quote is attached to the lot that it bought or to the sale that it was paid
// for; a fee in base takes coins out of the lot just bought (or, on a sale, out of the lots as a sale does) and their
// cost becomes a fee; a fee in a third asset touches no lot and is summed up in its own asset.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "machines/core/amount.hpp"
#include "machines/core/instant.hpp"

namespace machines::costs {

enum class Basis { average, fifo };

// Why a fill can't be booked.
enum class Refusal { overflow, asset_mismatch, oversold, bad_fill };
template <class T>
using Costed = Result<T, Refusal>;

struct Fill {
  Instant at;
  bool is_buy = true;
  Amount base, quote;        // quote without fees
  std::vector<Amount> fees;  // each in its own asset
};

// Coins with what they cost and the fees of buying them, both in quote.
struct Lot {
  Instant bought_at;  // at average cost: the first purchase since the sleeve held none
  Amount base, cost, fees;
};

// What one fill did, in quote. For a purchase all but paid_in_base is 0.
struct Effect {
  Amount realised;      // proceeds - cost of sold: before all fees
  Amount cost;          // of what was sold
  Amount fees;          // of what was sold: of buying it and of this sale
  Amount paid_in_base;  // cost of the coins that went for this fill's own fee
};

class Book {
 public:
  // An empty book. `base` is what is bought and sold, `quote` what it is paid in; the basis is the same for ever.
  Book(Basis basis, Asset base, Asset quote);

  // Books the next fill. REQUIRES: not before the one booked last (CHECK). Errors: as named above; after one, this book
  // is of no further use. bad_fill: base or quote not positive, a negative fee, or one in base that leaves no coin.
  Costed<Effect> apply(const Fill& fill);

  // Coins that went without a sale, as a sale would take them: what they had cost, and the fees of buying them. Errors:
  // oversold, overflow. `as`: what put() brought once, which goes as it came where it is still there. REQUIRES: base >
  // 0, at not before what was booked last (CHECK).
  Costed<Lot> remove(Amount base, Instant at, const Lot* as = nullptr);
  // Coins that came without a purchase, or come back, with what they cost. Errors: overflow, bad_fill: no coins.
  Costed<Nothing> put(const Lot& lot, Instant at);

  [[nodiscard]] const std::deque<Lot>& lots() const { return lots_; }  // oldest first; at average cost one at most
  // What the book holds now, in base, and what that cost, in quote; both are sums over lots().
  [[nodiscard]] Amount held() const { return held_.base; }
  [[nodiscard]] Amount cost() const { return held_.cost; }                       // of what is held, without fees
  [[nodiscard]] Amount open_fees() const { return held_.fees; }                  // of what is held
  [[nodiscard]] const std::map<AssetId, Amount>& fees() const { return paid_; }  // all ever paid, by asset
  // What selling all that is held at `price` would make before fees; its value is rounded down. Errors: overflow.
  [[nodiscard]] AmountResult unrealised(Price price) const;

 private:
  Costed<Effect> buy(const Fill& fill, Amount fee_quote, Amount fee_base);
  Costed<Effect> sell(const Fill& fill, Amount fee_quote, Amount fee_base);
  Costed<Lot> take(Amount base);

  Basis basis_;
  Asset base_, quote_;
  std::deque<Lot> lots_;
  Lot held_;  // the sum of all lots
  Instant last_{INT64_MIN};
  std::map<AssetId, Amount> paid_;
};

}  // namespace machines::costs
