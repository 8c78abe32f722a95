// tests/chaos/chaos_test.cpp: a house on hosts of their own, disturbed in many ways at once, comes to what an
// undisturbed one does, and every invariant holds; only the latter where a person stops it on the way, and where the
// venue is as real ones are (odd seeds), since a lost order lapses there. tests/chaos/run sets the environment:
// BURSAR_FAULTS says how many faults (default 20), BURSAR_SEED where to begin (default 0), BURSAR_KEEP to leave the
// logs of good rounds too.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <algorithm>
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

  // What does not hold; and where it must end as the undisturbed run did, what differs from that.
  static std::vector<std::string> judge(Site& site, bool ends_the_same) {
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
      if (ends_the_same && result.value("digest", "") != whole.result.value("digest", "none"))
        problems.emplace_back("the digest is not that of the undisturbed run");
      if (ends_the_same && kill::outcome_of(result) != kill::outcome_of(whole.result))
        problems.push_back("the report is another: " + result.dump() + " instead of " + whole.result.dump());
      if (!result.value("verified", false)) problems.emplace_back("the house did not verify its ledger");
    }
    if (ends_the_same && kill::venue_fills(site.data_dir()) != whole.venue_fills)
      problems.emplace_back("the venue filled otherwise than in the undisturbed run");
    return problems;
  }

  struct Round {
    int came = 0;         // faults that came to pass
    std::string remarks;  // of the site
  };

  // One replay under these faults. `name` is that of its folder of logs; `again` the command that repeats it.
  static Round play_round(World& world, const std::string& name, const std::vector<Fault>& faults,
                          const std::string& again, kill::Rules rules = kill::Rules::as_it_is) {
    const fs::path logs = fs::path(BURSAR_BINARY_DIR) / "chaos" / name;
    TempFolder folder;
    Site site(world.network, world.postgres, folder.path() / "s", logs, rules);
    const bool is_real = rules == kill::Rules::as_real_ones;
    say(fmt::format("{}, {} faults, the venue as {}", name, faults.size(), is_real ? "real ones are" : "it is"));
    site.start();
    const auto began = std::chrono::steady_clock::now();
    const auto courses = play(faults, {world.network, world.postgres, world.relay}, site);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    const bool ends_the_same = !is_real && std::none_of(faults.begin(), faults.end(), changes_the_end);
    const auto problems = judge(site, ends_the_same);
    Round round{0, site.remarks()};
    std::string story;
    for (const Course& course : courses) {
      story += "  " + to_text(course) + "\n";
      round.came += course.began_ms >= 0;
    }
    story += fmt::format("  the replay {} after {:.1f} s\n", site.finished() ? "ended" : "was given up", took.count());
    story += round.remarks;
    say(story);
    write_text(logs / "faults.txt", story);
    EXPECT_THAT(problems, testing::IsEmpty()) << story << "The logs: " << logs.string() << "\nAgain: " << again;
    if (problems.empty() && number_from("BURSAR_KEEP", 0) == 0) fs::remove_all(logs);
    return round;
  }
};

// The house's line breaks for longer than its side of TCP waits: the session that it had is still there for PostgreSQL,
// lock and all. It knows its own; one that was started anew has to wait until PostgreSQL has noticed.
TEST_F(Chaos, AHouseIsNotLockedOutByTheSessionThatItLost) {
  World world;
  const std::int64_t after = kill::undisturbed(bars).transitions / 4;
  const Fault cable{after, Kind::cable, "house", 5'000, 0};
  const auto lives = play_round(world, "lost-session", {cable}, "tests/run -R '^chaos'");
  EXPECT_EQ(lives.came, 1);
  EXPECT_EQ(lives.remarks, "") << "the house ended by itself";
  const Fault death{after, Kind::kill, "house", 5'500, 0};
  EXPECT_EQ(play_round(world, "lost-session-and-house", {cable, death}, "tests/run -R '^chaos'").came, 2);
}

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
    const int count = std::min(left, faults_each);
    came +=
        play_round(*world, fmt::format("seed-{}", seed), draw_faults(seed, count, kill::undisturbed(bars).transitions),
                   fmt::format("tests/chaos/run --faults {} --seed {}", count, seed),
                   seed % 2 == 0 ? kill::Rules::as_it_is : kill::Rules::as_real_ones)
            .came;
  }
  say(fmt::format("{} of {} faults came to pass", came, wanted));
  EXPECT_GE(came * 10, wanted * 8) << "too many replays ended before anything could be done to them";
}

}  // namespace
}  // namespace tests::chaos
