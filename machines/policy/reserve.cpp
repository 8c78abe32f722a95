#include "machines/policy/reserve.hpp"

#include <algorithm>

namespace machines::policy {

Rate share(const Reserve& reserve) {
  if (reserve.rule == Rule::none) return {0};
  if (reserve.rule == Rule::fixed) return reserve.least;
  static_assert(calm.ppm < storm.ppm);
  const std::int64_t measured = std::clamp(reserve.volatility.ppm, calm.ppm, storm.ppm) - calm.ppm;
  return {reserve.least.ppm + (reserve.most.ppm - reserve.least.ppm) * measured / (storm.ppm - calm.ppm)};
}

AmountResult required(const Reserve& reserve, Amount total) { return share_of(total, share(reserve), Rounding::up); }

AmountResult flexed_by(const Reserve& reserve, Amount total, Amount not_at_risk, Amount unallocated) {
  const auto kept = required(reserve, total);
  if (!kept) return kept;
  const Int128 missing = kept->minor() - not_at_risk.minor();
  if (missing > 0) return Amount(total.asset(), std::min(missing, unallocated.minor()));
  return Amount(total.asset(), -std::min(-missing, reserve.flexed.minor()));
}

const char* objection(const Reserve& reserve) {
  constexpr std::int64_t lowest = 50'000, highest = 200'000;
  if (reserve.rule == Rule::none) return nullptr;
  if (reserve.least.ppm < lowest || reserve.least.ppm > highest) return "a reserve is from 5 to 20 %";
  if (reserve.rule == Rule::fixed) return nullptr;
  if (reserve.most.ppm > highest) return "a reserve is from 5 to 20 %";
  return reserve.most.ppm < reserve.least.ppm ? "the least of a flexing reserve is above its most" : nullptr;
}

}  // namespace machines::policy
