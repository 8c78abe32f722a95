// machines/policy/reallocation.hpp: which allocations a vault may make by itself. Two rules: coins that lie idle in
// Tradeable go to one sleeve, some of them a day; and a sleeve that has lost too much of its allocation gives back what
// it has (the risk rule, which comes first). Pure, no throw.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "machines/core/amount.hpp"

namespace machines::policy {

// A vault's own rules; a vault without any leaves every allocation to people.
struct Reallocation {
  SleeveId idle_to{0};      // 0: idle coins stay where they are
  Rate most_per_day;        // of all the vault's coins
  Rate reclaim_after_loss;  // of its allocation; 0: never
};

// One sleeve of the vault, at the review. Amounts in minor units of the vault's asset.
struct SleeveState {
  SleeveId sleeve{0};
  Amount available, allocation;
  bool is_open = false;  // a position or an order: nothing is proposed about it
};

// An allocation to the sleeve, or a reclaim from it.
struct Proposal {
  bool gives = true;  // to the sleeve; else back from it
  SleeveId sleeve{0};
  Amount amount;
  std::string_view rule;  // "idle_to" or "reclaim_after_loss"
};

// At most one proposal, of a positive amount; nothing where no rule finds anything to do. First the risk rule, sleeve
// by sleeve in the order given: a sleeve that has at least `reclaim_after_loss` of its allocation less than that gives
// back all that is available. Then `idle_to`: the sleeve gets what is unallocated, up to `most_per_day` of `total`,
// unless it has lost that much. A share of a loss is rounded up, a share to give down. REQUIRES: one asset. Errors:
// overflow.
Result<std::optional<Proposal>, AmountError> propose(const Reallocation& rules, Amount unallocated, Amount total,
                                                     const std::vector<SleeveState>& sleeves);

}  // namespace machines::policy
