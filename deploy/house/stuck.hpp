// deploy/house/stuck.hpp: ready jobs that no worker has taken for longer than a stated time, whatever the reason, and
// which reason is likely. Reads the ledger; what the brokers say of themselves comes from the caller.
#pragma once

#include <string>
#include <vector>

#include "ledger/jobs/job_admin.hpp"
#include "schemas/codec/messages.hpp"

namespace deploy {

struct StuckWork {
  ledger::jobs::Untaken jobs;
  std::string reason;
};

// The likely reason, in words, as far as the `brokers` that answer show it.
std::string why_untaken(const ledger::jobs::Untaken& jobs, const std::vector<schemas::BrokerView>& brokers);

// The groups of jobs that wait for longer than so many seconds, the largest first, each with its reason. Errors: the
// connection's.
ledger::Stored<std::vector<StuckWork>> stuck_now(ledger::Connection& connection,
                                                 const std::vector<schemas::BrokerView>& brokers,
                                                 std::int64_t longer_than_s);

// "2 jobs of vault (review) are ready, and nobody has taken the oldest for 41 s: no worker is registered"
std::string in_one_line(const StuckWork& stuck);

}  // namespace deploy
