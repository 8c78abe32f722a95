// workers/reconciliation/ask_order.hpp: asks the venue about one order, as a worker does: with the worker's own line to
// it, and signed where the house has trade keys. I/O: one or two questions over ZeroMQ a call, and the keys. No throw.
#pragma once

#include <chrono>
#include <string>

#include "ledger/secrets/master_key.hpp"
#include "workers/reconciliation/resolutions.hpp"
#include "workers/venues/venue_files.hpp"

namespace workers::reconciliation {

// Waits `timeout` at most for each answer. `master_key` opens the trade keys; where it names no file, and the house has
// keys, nothing is asked. The error says why there is no answer.
AskOrder ask_venue_for_order(const venues::VenueFiles& venue_files, const std::string& dsn,
                             const ledger::secrets::KeyPlace& master_key, std::chrono::milliseconds timeout);

}  // namespace workers::reconciliation
