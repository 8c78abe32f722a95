// tests/simulation/spoilt.hpp: what a handler decided, as a planted bug would have it. Pure.
#pragma once

#include "ledger/books/treasury.hpp"
#include "ledger/journal/journal.hpp"
#include "machines/core/step.hpp"
#include "tests/simulation/plants.hpp"

namespace tests::simulation {

// `facts`: those that the step was decided from. Without a plant of a step's, nothing changes.
void spoil(Plant plant, machines::Step& step, const ledger::journal::Facts& facts,
           const ledger::books::Sleeves& sleeves);

}  // namespace tests::simulation
