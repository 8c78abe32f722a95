// tests/simulation/checks.hpp: what must hold of a house that has come to its end (DESIGN 9): the ledger's own
// verification, every transition a row of its table, nothing stranded, every hold resolved, nothing in suspense, each
// order sent under one id and booked as the venue filled it, and the venue's statement to the last unit.
#pragma once

#include <string>

#include "tests/simulation/ground.hpp"

namespace tests::simulation {

// The first promise that is broken, in words; empty when all hold.
std::string broken_promise(const Ground& ground);

}  // namespace tests::simulation
