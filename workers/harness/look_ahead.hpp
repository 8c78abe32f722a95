// workers/harness/look_ahead.hpp: looking further ahead than asked, where the broker says that nothing else is open.
// Timers that would merely be re-armed, bar after bar, are looked through in one lease and written once, at the end.
// What is decided, from which facts and for which world time, stays the same: nothing could have happened in between.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "ledger/journal/journal.hpp"
#include "workers/handlers/handler.hpp"

namespace workers::harness {

using ReadFacts = std::function<ledger::Stored<std::vector<std::optional<ledger::journal::Facts>>>(
    std::span<const machines::LeasedJob> jobs)>;
using Ask = std::function<handlers::Decision(const machines::LeasedJob&, const ledger::journal::Facts&)>;

struct LookAhead {
  machines::Instant at;                                      // decide all jobs for this world time
  std::vector<std::optional<ledger::journal::Facts>> facts;  // as of then, one per job
};

// From the jobs' own world time, close by close, up to `alone_until` and `most_looks` times: the first time at which
// one of them has more to do than to be re-armed to the next close; where none has, the last time that was looked at.
// REQUIRES: at least one job; all of one world time; most_looks > 0. Errors: as `read`, which is Journal::facts.
ledger::Stored<LookAhead> look_ahead(const ReadFacts& read, const Ask& ask, std::span<const machines::LeasedJob> jobs,
                                     machines::Instant alone_until, int most_looks);

}  // namespace workers::harness
