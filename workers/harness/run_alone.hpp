// workers/harness/run_alone.hpp: how a person's order gets done: as an instance with its job, by a worker when a house
// runs, else by this very process, which is then broker and worker for that one job: the same handler, the same facts,
// the same commit.
#pragma once

#include <string>

#include "ledger/store/connection.hpp"
#include "machines/allocation/decide.hpp"
#include "machines/core/ids.hpp"

namespace workers::harness {

// What a movement of a person came to.
struct Moved {
  machines::InstanceId instance{0};
  bool settled = false, refused = false;  // neither: no worker has done it yet, and the job waits
  std::string reason;                     // why it was refused
};

// Commits the allocation with its job, and has it done. Waits ten seconds at most for a house that runs. Errors: the
// connection's; the order may stand then (`bursar machine list --all` shows it).
ledger::Stored<Moved> do_movement(ledger::Connection& connection, bool house_may_run, machines::OwnerId owner,
                                  machines::SleeveId sleeve, const machines::allocation::Data& data);

// The step that gives birth to an allocation and its job at this world time.
machines::Step allocation_step(machines::OwnerId owner, const machines::allocation::Data& data,
                               machines::SleeveId sleeve, machines::Instant at);

}  // namespace workers::harness
