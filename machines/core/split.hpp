// machines/core/split.hpp: an amount divided by weights, with the rounding named. Pure, no throw.
#pragma once

#include <vector>

#include "machines/core/amount.hpp"

namespace machines {

// What `source` is divided into: a leg for each weight, rounded toward zero, and what no leg could have: less than one
// unit for each leg, to be posted to an account of its own. legs + rounding = source, to the last unit.
struct Split {
  std::vector<Amount> legs;
  Amount rounding;
};
// leg n = source * weights[n] / sum of weights, rounded toward zero. Errors: division_by_zero (no weight above 0, or
// one below).
Result<Split, AmountError> split(Amount source, const std::vector<std::int64_t>& weights);

}  // namespace machines
