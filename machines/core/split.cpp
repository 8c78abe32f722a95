#include "machines/core/split.hpp"

namespace machines {

Result<Split, AmountError> split(Amount source, const std::vector<std::int64_t>& weights) {
  Int128 whole = 0;
  for (const std::int64_t weight : weights) {
    if (weight < 0) return fail(AmountError::division_by_zero);
    whole += weight;
  }
  Split made;
  Int128 rest = source.minor();
  for (const std::int64_t weight : weights) {
    const auto minor = multiply_divide(source.minor(), weight, whole, Rounding::down);
    if (!minor) return fail(minor.error());
    rest -= *minor;
    made.legs.emplace_back(source.asset(), *minor);
  }
  if (whole == 0) return fail(AmountError::division_by_zero);
  // Each leg lost less than one unit toward zero, so that what is left is smaller than their number, on source's side.
  const auto most = static_cast<Int128>(weights.size());
  CHECK(source.is_negative() ? rest <= 0 && rest > -most : rest >= 0 && rest < most);
  made.rounding = Amount(source.asset(), rest);
  return made;
}

}  // namespace machines
