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
  made.rounding = Amount(source.asset(), rest);
  return made;
}

}  // namespace machines
