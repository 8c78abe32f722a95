// machines/vault/decide.hpp: a vault's daily review: what the reserve takes or gives back, and which allocation the
// vault's rules propose. A proposal is an allocation like a person's: the allocation machine settles or refuses it.
// Pure, no throw.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machines/core/sleeve.hpp"
#include "machines/policy/reallocation.hpp"
#include "machines/policy/reserve.hpp"
#include "machines/vault/vault.hpp"

namespace machines::vault {

// The vault's own variables.
struct Data {
  policy::Reserve reserve;
  policy::Reallocation reallocation;
};

struct Facts {
  Data data;
  AccountId not_at_risk_account, tradeable_account;
  Amount total, not_at_risk, unallocated;  // of the vault's asset
  std::optional<Rate> volatility;          // nothing: not enough closes to measure
  std::vector<policy::SleeveState> sleeves;
  Frozen frozen = Frozen::nothing;
};

enum class Refusal { overflow };

struct Step {
  Event event;
  State from, to;
  Command then;
  Data data;
  std::vector<Posting> postings;
  std::optional<policy::Proposal> proposal;  // an allocation to be born with this step
};

// Nothing when there is nothing to move, to propose, or to write down: a share of the reserve that changed by less than
// half a percent is not. A freeze of any kind: nothing. Flexing comes before a proposal: a review that moves coins
// proposes nothing. REQUIRES: all amounts are of the vault's asset and not negative. Refusals: overflow.
Result<std::optional<Step>, Refusal> decide(const Facts& facts);

// The review after this: at half past midnight (UTC), between an open and a close, so that no cycle decides then.
Instant next_review(Instant world_at);

// When a vault with these rules looks at them first, in microseconds; 0 where it has none.
std::int64_t first_review(const policy::Reserve& reserve, const policy::Reallocation& rules, Instant now);

}  // namespace machines::vault
