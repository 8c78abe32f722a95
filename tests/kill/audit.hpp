// tests/kill/audit.hpp: the invariants 1 to 5 of the design, looked up from outside after a house has ended, and what
// its own commands say about it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/kill/house.hpp"

namespace tests::kill {

// Starts PostgreSQL on the folder once more. What is wrong, one line each; nothing when all is well. REQUIRES: the
// house has ended.
std::vector<std::string> audit(const House& house);
// The same of a house on a PostgreSQL that runs.
std::vector<std::string> audit(const std::filesystem::path& folder, const std::string& dsn);

// Every fill of the venue in order of world time, ids left out: what two runs must have in common.
std::string venue_fills(const House& house);
// How many of its orders ended as never placed: what came after them may differ. -1 where nobody can say. REQUIRES: the
// house has ended.
std::int64_t lapsed_orders(const House& house);
std::string venue_fills(const std::filesystem::path& folder);

}  // namespace tests::kill
