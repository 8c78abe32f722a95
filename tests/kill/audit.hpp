// tests/kill/audit.hpp: the invariants 1 to 5 of the design, looked up from outside after a house has ended, and what
// its own commands say about it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/kill/house.hpp"

namespace tests::kill {

// Where what a house did is found once it has ended.
struct Remains {
  std::string dsn;                 // of its database, as bursar_owner
  std::filesystem::path data_dir;  // with its checkpoints
  std::filesystem::path venue;     // the venue's store
};

// What is wrong, one line each; nothing when all is well. REQUIRES: nothing of the house runs but PostgreSQL.
std::vector<std::string> audit(const Remains& remains);
// Starts PostgreSQL on the folder once more. REQUIRES: the house has ended.
std::vector<std::string> audit(const House& house);

// Every fill of the venue in order of world time, ids left out: what two runs must have in common.
std::string venue_fills(const std::filesystem::path& venue);
std::string venue_fills(const House& house);

}  // namespace tests::kill
