// machines/policy/reallocation.hpp: which allocations a vault may make by itself. Two rules: coins that lie idle in
// Tradeable go to one sleeve, some of them a day; and a sleeve that has lost too much of its allocation gives back what
// it has (the risk rule, which comes first). Pure, no throw.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "machines/core/amount.hpp"

namespace machines::policy {

struct Reallocation {
  SleeveId idle_to{0};      // 0: idle coins stay where they are
  Rate most_per_day;        // of all the vault's coins
  Rate reclaim_after_loss;  // of its allocation; 0: never
};

struct SleeveState {
  SleeveId sleeve{0};
  Amount available, allocation;
  bool is_open = false;  // a position or an order: nothing is proposed about it
};

struct Proposal {
  bool gives = true;  // to the sleeve; else back from it
  SleeveId sleeve{0};
  Amount amount;
  std::string_view rule;  // "idle_to" or "reclaim_after_loss"
};

// At most one proposal. Errors: overflow.
Result<std::optional<Proposal>, AmountError> propose(const Reallocation& rules, Amount unallocated, Amount total,
                                                     const std::vector<SleeveState>& sleeves);

}  // namespace machines::policy
