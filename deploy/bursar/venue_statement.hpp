// deploy/bursar/venue_statement.hpp: asks the running house's venue for its statement, as a client. I/O: one question
// over ZeroMQ. No throw.
#pragma once

#include <chrono>

#include "deploy/bursar/layout.hpp"
#include "deploy/bursar/reconciler.hpp"

namespace deploy {

// Asks anew at each call and waits `timeout` at most. The error says why there is no answer.
AskStatement ask_venue(const Layout& layout, std::chrono::milliseconds timeout);

}  // namespace deploy
