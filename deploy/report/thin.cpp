#include "deploy/report/thin.hpp"

#include <algorithm>

#include "machines/core/check.hpp"

namespace deploy::report {

std::vector<std::size_t> thin(const std::vector<const std::vector<double>*>& columns, std::size_t most) {
  const std::size_t rows = columns.empty() ? 0 : columns.front()->size();
  std::vector<std::size_t> kept;
  if (rows <= most) {
    for (std::size_t i = 0; i < rows; ++i) kept.push_back(i);
    return kept;
  }
  CHECK(most >= 2 * columns.size() + 2);
  const std::size_t stretches = (most - 2) / (2 * columns.size());
  kept.push_back(0);
  for (std::size_t s = 0; s < stretches; ++s) {
    const std::size_t from = rows * s / stretches;
    const std::size_t to = rows * (s + 1) / stretches;
    for (const std::vector<double>* column : columns) {
      const auto begin = column->begin();
      const auto [least, greatest] =
          std::minmax_element(begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to));
      kept.push_back(static_cast<std::size_t>(least - begin));
      kept.push_back(static_cast<std::size_t>(greatest - begin));
    }
  }
  kept.push_back(rows - 1);
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  return kept;
}

}  // namespace deploy::report
