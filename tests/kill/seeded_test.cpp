// tests/kill/seeded_test.cpp: parts of the house are killed and stopped at moments drawn from a seed. BURSAR_KILLS says
// in how many replays (default 6; every second one with a venue as real ones are), BURSAR_SEED where to begin (default
// 1).
#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>

#include "tests/kill/plan.hpp"
#include "tests/kill/undisturbed.hpp"
#include "tests/support/cluster.hpp"

namespace tests::kill {
namespace {

constexpr int disturbances_each = 3;

int number_from(const char* name, int otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr && *given != '\0' ? std::atoi(given) : otherwise;
}

TEST(Kill, WhateverIsKilledTheReplayEndsTheSame) {
  if (const auto reason = no_cluster_because(); !reason.empty()) GTEST_SKIP() << reason;
  ASSERT_GT(undisturbed().transitions, 100);
  const auto seed = static_cast<std::uint64_t>(number_from("BURSAR_SEED", 1));
  const auto plans = draw_plans(seed, number_from("BURSAR_KILLS", 6), disturbances_each, undisturbed().transitions);
  for (std::size_t at = 0; at < plans.size() && !HasFatalFailure(); ++at) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", plan " + std::to_string(at) + "\n" + to_text(plans[at]));
    std::printf("plan %zu of %zu\n%s", at + 1, plans.size(), to_text(plans[at]).c_str());
    std::fflush(stdout);
    House house(config_text({}, 1, few_bars, at % 2 == 0 ? Rules::as_it_is : Rules::as_real_ones));
    house.start();
    EXPECT_GT(carry_out(plans[at], house), 0) << "the replay ended before anything could be done to it";
    expect_as_undisturbed(house);
  }
}

}  // namespace
}  // namespace tests::kill
