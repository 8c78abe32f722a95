// tests/simulation/planted.hpp: the real handlers (workers/handlers), each behind a wrapper that has the planted bug,
// where the plant is one of a handler's.
#pragma once

#include "ledger/books/treasury.hpp"
#include "tests/simulation/plants.hpp"
#include "workers/harness/executor.hpp"
#include "workers/venues/properties.hpp"

namespace tests::simulation {

inline constexpr const char* deployment = "5eed5eed5eed5eed";  // 16 hex digits: the first half of every client id

workers::harness::Handlers make_handlers(Plant plant, const ledger::books::Sleeves& sleeves,
                                         const workers::venues::VenueProperties& venue);

}  // namespace tests::simulation
