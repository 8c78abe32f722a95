// ledger/model/effect.hpp: what one posting does to its two accounts. Pure, no throw.
#pragma once

#include <optional>

#include "ledger/model/rows.hpp"

namespace ledger::model {

struct Effect {
  Counters debit, credit;  // what is added to the counters of either account
};

// `reserved` is what the hold that a post or void resolves has reserved.
constexpr Effect effect_of(machines::PostingKind kind, Int128 amount, Int128 reserved) {
  const bool is_hold = kind == machines::PostingKind::hold;
  const bool resolves = kind == machines::PostingKind::post || kind == machines::PostingKind::void_;
  const Int128 pending = is_hold ? amount : resolves ? -reserved : 0;
  const Int128 posted = is_hold ? 0 : amount;
  return {{pending, posted, 0, 0}, {0, 0, pending, posted}};
}

// The sum, or nothing where a counter leaves |x| < 10^38.
std::optional<Counters> plus(const Counters& a, const Counters& b);

}  // namespace ledger::model
