#include "machines/policy/reallocation.hpp"

#include <algorithm>

namespace machines::policy {
namespace {

// What it has is below its allocation by at least the rule's share of it.
Result<bool, AmountError> has_lost(const SleeveState& sleeve, Rate limit) {
  const auto loss = share_of(sleeve.allocation, limit, Rounding::up);
  if (!loss) return fail(loss.error());
  return sleeve.allocation.is_positive() && sleeve.allocation.minor() - sleeve.available.minor() >= loss->minor();
}

}  // namespace

Result<std::optional<Proposal>, AmountError> propose(const Reallocation& rules, Amount unallocated, Amount total,
                                                     const std::vector<SleeveState>& sleeves) {
  const auto nothing = [] { return std::optional<Proposal>{}; };
  for (const SleeveState& sleeve : sleeves) {
    if (rules.reclaim_after_loss.ppm == 0 || sleeve.is_open || !sleeve.available.is_positive()) continue;
    const auto lost = has_lost(sleeve, rules.reclaim_after_loss);
    if (!lost) return fail(lost.error());
    if (*lost) return std::optional(Proposal{false, sleeve.sleeve, sleeve.available, "reclaim_after_loss"});
  }
  if (rules.idle_to.value == 0) return nothing();
  const auto most = share_of(total, rules.most_per_day, Rounding::down);
  if (!most) return fail(most.error());
  const Amount amount(unallocated.asset(), std::min(unallocated.minor(), most->minor()));
  if (!amount.is_positive()) return nothing();
  for (const SleeveState& sleeve : sleeves) {
    if (!(sleeve.sleeve == rules.idle_to)) continue;
    // What was taken from a sleeve for its losses is not given back the day after.
    if (rules.reclaim_after_loss.ppm > 0) {
      const auto lost = has_lost(sleeve, rules.reclaim_after_loss);
      if (!lost) return fail(lost.error());
      if (*lost) return nothing();
    }
    return std::optional(Proposal{true, sleeve.sleeve, amount, "idle_to"});
  }
  return nothing();
}

}  // namespace machines::policy
