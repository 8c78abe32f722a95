// tests/chaos/chaos_test.cpp: a house on hosts of their own, disturbed in many ways at once, comes to what an
// undisturbed one does, and every invariant holds. tests/chaos/run sets the environment: BURSAR_FAULTS says how many
// faults (default 20), BURSAR_SEED where to begin (default 0), BURSAR_KEEP to leave the logs of good rounds too.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "tests/chaos/faults.hpp"
#include "tests/kill/undisturbed.hpp"
#include "tests/support/cluster.hpp"

namespace tests::chaos {
namespace {

namespace fs = std::filesystem;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr && *given != '\0' ? std::strtoull(given, nullptr, 10) : otherwise;
}

void say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

// One network and one pair of servers for many rounds; a fresh database and fresh processes for each.
struct World {
  Network network{hosts};
  Postgres postgres{network, "postgres", "standby"};
  Relay relay{network, "relay", routes(network)};
};

class Chaos : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto& why : {no_network_because(), no_cluster_because()})
      if (!why.empty()) GTEST_SKIP() << why;
  }

  // What differs from the undisturbed run, and what does not hold.
  static std::vector<std::string> judge(Site& site) {
    if (!site.finished()) {
      auto problems = site.problems();
      problems.emplace_back("the replay did not end: nothing moved for two minutes after the last fault");
      return problems;
    }
    auto problems = site.settle();
    const auto result = nlohmann::json::parse(site.result(), nullptr, false);
    const auto& whole = kill::undisturbed(bars);
    if (!result.is_object()) {
      problems.emplace_back("the house reported no result");
    } else {
      if (result.value("digest", "") != whole.result.value("digest", "none"))
        problems.emplace_back("the digest is not that of the undisturbed run");
      if (kill::outcome_of(result) != kill::outcome_of(whole.result))
        problems.push_back("the report is another: " + result.dump() + " instead of " + whole.result.dump());
      if (!result.value("verified", false)) problems.emplace_back("the house did not verify its ledger");
    }
    if (kill::venue_fills(site.data_dir()) != whole.venue_fills)
      problems.emplace_back("the venue filled otherwise than in the undisturbed run");
    return problems;
  }

  // One round of faults; the number of those that came to pass.
  static int round(World& world, std::uint64_t seed, int count) {
    const auto faults = draw_faults(seed, count, kill::undisturbed(bars).transitions);
    const fs::path logs = fs::path(BURSAR_BINARY_DIR) / "chaos" / fmt::format("seed-{}", seed);
    TempFolder folder;
    Site site(world.network, world.postgres, folder.path() / "s", logs);
    say(fmt::format("seed {}, {} faults", seed, count));
    site.start();
    const auto began = std::chrono::steady_clock::now();
    const auto courses = play(faults, {world.network, world.postgres, world.relay}, site);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    const auto problems = judge(site);
    std::string story;
    int came = 0;
    for (const Course& course : courses) {
      story += "  " + to_text(course) + "\n";
      came += course.began_ms >= 0;
    }
    story += fmt::format("  the replay {} after {:.1f} s\n", site.finished() ? "ended" : "was given up", took.count());
    story += site.remarks();
    say(story);
    write_text(logs / "faults.txt", story);
    EXPECT_THAT(problems, testing::IsEmpty()) << story << "The logs: " << logs.string()
                                              << "\nAgain: tests/chaos/run --faults " << count << " --seed " << seed;
    if (problems.empty() && number_from("BURSAR_KEEP", 0) == 0) fs::remove_all(logs);
    return came;
  }
};

TEST_F(Chaos, WhateverHappensTheReplayEndsTheSame) {
  ASSERT_GT(kill::undisturbed(bars).transitions, 100);
  const int wanted = static_cast<int>(number_from("BURSAR_FAULTS", 20));
  std::uint64_t seed = number_from("BURSAR_SEED", 0);
  std::optional<World> world;
  int came = 0;
  for (int left = wanted; left > 0; left -= faults_each, ++seed) {
    if (!world || world->postgres.was_promoted()) {  // each round begins as it would by itself
      world.reset();
      world.emplace();
    }
    came += round(*world, seed, std::min(left, faults_each));
  }
  say(fmt::format("{} of {} faults came to pass", came, wanted));
  EXPECT_GE(came * 10, wanted * 8) << "too many replays ended before anything could be done to them";
}

}  // namespace
}  // namespace tests::chaos
