// workers/handlers/all.hpp: the handlers of every kind whose jobs go to workers: what runs jobs makes them here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ledger/books/treasury.hpp"
#include "workers/handlers/handler.hpp"
#include "workers/venues/properties.hpp"

namespace workers::handlers {

// One for each kind that the catalog says is moved by workers. `sleeves` outlives them. `deployment`: 16 hex digits.
// REQUIRES: venue.validate() says nothing.
std::vector<std::unique_ptr<Handler>> all_handlers(const ledger::books::Sleeves& sleeves, const std::string& deployment,
                                                   const venues::VenueProperties& venue);

}  // namespace workers::handlers
