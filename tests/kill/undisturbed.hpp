// tests/kill/undisturbed.hpp: what the replay comes to when nothing happens to it, and the comparison with one to which
// something did.
#pragma once

#include <nlohmann/json.hpp>

#include "tests/kill/house.hpp"

namespace tests::kill {

struct Undisturbed {
  nlohmann::json result;
  std::string venue_fills;
  std::int64_t transitions = 0;
};

// Run once per program, at the first call, which says over how many bars.
const Undisturbed& undisturbed(int bars = few_bars);

// Of a result what must not depend on what happened on the way.
nlohmann::json outcome_of(nlohmann::json result);

// Waits for the end of the house and expects the invariants, and that nothing is left running. What it printed.
nlohmann::json expect_sound(House& house);

// The same, and expects of it all that the undisturbed run came to. At a venue as real ones are a lost order lapses,
// and its request's moment is in the history: there the invariants, and where nothing lapsed the venue's fills.
void expect_as_undisturbed(House& house);

}  // namespace tests::kill
