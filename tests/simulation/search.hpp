// tests/simulation/search.hpp: looks for a seed that breaks a promise, and makes the failure small: as few of its
// faults as still break one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/house.hpp"

namespace tests::simulation {

struct Finding {
  std::uint64_t seed = 0;
  Plant plant = Plant::none;
  std::string violation;
  std::vector<Fault> faults;        // all that the seed draws
  std::vector<std::size_t> needed;  // those that it takes, as positions in `faults`
  Outcome last;                     // with only those, traced
};

// Runs the seed undisturbed and without the plant, then with both: both must keep every promise and come to the same
// digest. `only`: these faults alone, of those that the seed draws.
std::optional<Finding> try_seed(std::uint64_t seed, Plant plant,
                                const std::optional<std::vector<std::size_t>>& only = std::nullopt);

// A seed with the faults that it once took to break a promise, whatever it draws today.
struct Kept {
  std::uint64_t seed = 0;
  std::vector<Fault> faults;
};
std::optional<Finding> try_kept(const Kept& kept);
// A line of kept_seeds.txt, there and back. Nothing: it can't be read.
std::string to_line(const Kept& kept);
std::optional<Kept> kept_of(std::string_view line);

// The same failure, or another of the same seed, with as few faults as can be found in some hundred runs.
void make_small(Finding& finding);

// Everything that there is to say, bounded: the seed, the plant, what broke, the faults, the trace, and the command
// that replays it.
std::string report(const Finding& finding);

}  // namespace tests::simulation
