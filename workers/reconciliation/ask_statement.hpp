// workers/reconciliation/ask_statement.hpp: asks the running house's venue for its statement, as a client. I/O: one
// question over ZeroMQ. No throw.
#pragma once

#include <chrono>

#include "workers/reconciliation/reconciler.hpp"
#include "workers/venues/venue_files.hpp"

namespace workers::reconciliation {

// Asks anew at each call and waits `timeout` at most. The error says why there is no answer.
AskStatement ask_venue(const venues::VenueFiles& venue_files, std::chrono::milliseconds timeout);

}  // namespace workers::reconciliation
