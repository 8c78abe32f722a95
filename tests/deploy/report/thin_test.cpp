#include "deploy/report/thin.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace deploy::report {
namespace {

TEST(Thin, KeepsEveryRowWhenThereAreFew) {
  const std::vector<double> column{3, 1, 2};
  EXPECT_THAT(thin({&column}, 10), testing::ElementsAre(0, 1, 2));
  EXPECT_THAT(thin({}, 10), testing::IsEmpty());
}

// Whatever is thinned: few rows, rising, first and last among them, and no column loses its highest or lowest value.
RC_GTEST_PROP(Thin, LosesNoExtreme, ()) {
  const auto rows = *rc::gen::inRange<std::size_t>(1, 400);
  const auto values = rc::gen::container<std::vector<double>>(
      rows, rc::gen::map(rc::gen::inRange(-1000, 1000), [](int v) { return 1.0 * v; }));
  const std::vector<double> a = *values;
  const std::vector<double> b = *values;
  const std::size_t most = 40;
  const std::vector<std::size_t> kept = thin({&a, &b}, most);
  RC_ASSERT(kept.size() <= most);
  RC_ASSERT(kept.front() == 0U);
  RC_ASSERT(kept.back() == rows - 1);
  RC_ASSERT(std::is_sorted(kept.begin(), kept.end()));
  RC_ASSERT(std::adjacent_find(kept.begin(), kept.end()) == kept.end());
  for (const auto* column : {&a, &b}) {
    std::vector<double> left;
    for (const std::size_t row : kept) left.push_back((*column)[row]);
    RC_ASSERT(*std::max_element(left.begin(), left.end()) == *std::max_element(column->begin(), column->end()));
    RC_ASSERT(*std::min_element(left.begin(), left.end()) == *std::min_element(column->begin(), column->end()));
  }
}

}  // namespace
}  // namespace deploy::report
