// The simulation itself: it bites (every planted bug is found, and told small), it repeats itself, and what it is there
// for happens in it. The seeds themselves run as simulation_seeds_*.
#include <gmock/gmock.h>

#include "machines/core/names.hpp"
#include "tests/simulation/search.hpp"

namespace tests::simulation {
namespace {

using testing::HasSubstr;

class Planted : public testing::TestWithParam<Plant> {};

constexpr std::uint64_t most_seeds = 300;

TEST_P(Planted, IsFoundAndToldSmall) {
  for (std::uint64_t seed = 1; seed <= most_seeds; ++seed) {
    auto finding = try_seed(seed, GetParam());
    if (!finding) continue;
    ASSERT_EQ(finding->plant, GetParam()) << "the undisturbed run is broken: " << finding->violation;
    make_small(*finding);
    EXPECT_LE(finding->needed.size(), 8U) << report(*finding);
    const auto again = try_seed(seed, GetParam(), finding->needed);
    ASSERT_TRUE(again) << "the small failure does not repeat itself";
    EXPECT_EQ(again->violation, finding->violation);
    EXPECT_FALSE(try_seed(seed, Plant::none, finding->needed)) << "it fails without the plant, too";
    EXPECT_THAT(report(*finding), HasSubstr("--plant " + std::string(machines::name_of(GetParam()))));
    return;
  }
  FAIL() << "not found in " << most_seeds << " seeds";
}

std::vector<Plant> all_plants() {
  std::vector<Plant> plants;
  for (std::size_t at = 1; at < machines::count_of<Plant>; ++at) plants.push_back(static_cast<Plant>(at));
  return plants;
}

std::string name_of_plant(const testing::TestParamInfo<Plant>& info) {
  return std::string(machines::name_of(info.param));
}
INSTANTIATE_TEST_SUITE_P(Bug, Planted, testing::ValuesIn(all_plants()), name_of_plant);

TEST(Simulation, ASeedIsTheSameRunEachTime) {
  for (const std::uint64_t seed : {3U, 17U, 29U}) {
    const Outcome quiet = House(seed, Plant::none, {}, true).run();
    const auto faults = draw_faults(seed, quiet.extent);
    const Outcome first = House(seed, Plant::none, faults, true).run();
    const Outcome second = House(seed, Plant::none, faults, true).run();
    EXPECT_EQ(first.violation, second.violation);
    EXPECT_EQ(first.digest, second.digest);
    EXPECT_EQ(first.extent, second.extent);
    EXPECT_EQ(first.met, second.met);
    EXPECT_EQ(first.trace, second.trace);
  }
}

TEST(Simulation, WhatItIsThereForHappens) {
  std::map<std::string, std::int64_t> met;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Outcome quiet = House(seed, Plant::none, {}, false).run();
    for (const auto& [what, count] : House(seed, Plant::none, draw_faults(seed, quiet.extent), false).run().met)
      met[what] += count;
  }
  for (std::size_t at = 0; at < machines::count_of<FaultKind>; ++at)
    EXPECT_GT(met[std::string(machines::name_of(static_cast<FaultKind>(at)))], 0)
        << "no fault " << machines::name_of(static_cast<FaultKind>(at));
  for (const char* what : {"committed", "lost_lease", "stale_version", "stale_epoch", "entry_filled", "exit_filled",
                           "entry_failed", "part_fill", "reject", "fall_silent", "attempt_lost", "resend", "lapse",
                           "cancel", "confirm_cancel", "pause", "resume"})
    EXPECT_GT(met[what], 0) << "never met: " << what;
}

}  // namespace
}  // namespace tests::simulation
