// brokers/schedule/scheduler.hpp: what makes schedules fire, and what performs them. The house's own process fires:
// there is one for each house, while brokers share shards; wall time comes in from outside. A review is then a job like
// any other; the rest is performed where it is done anyway: comparisons and checkpoints in `up`, looks at keys in the
// process that may open them. Kill either at any moment: a firing is a row, and what it does may be done again.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/jobs/schedules.hpp"
#include "schemas/config/config.hpp"

namespace brokers::schedule {

// Crons that can't be read, and zones that the system does not know, each with its field, for schemas::config::load.
std::vector<schemas::config::Problem> check_schedules(const schemas::config::Config& config);

// The schedules of a configuration as the ledger takes them, in the order of the file; when each last fired is not in
// them. REQUIRES: the configuration is valid.
std::vector<ledger::jobs::Schedule> schedules_of(const schemas::config::Config& config);

// Fires what is due now, each by its own rule for times that were missed. May be run by two at once, and killed: each
// time is fired once. How many were; what the replay still holds back is tried again later.
ledger::Stored<int> fire_due(ledger::jobs::Schedules& schedules, machines::Instant now);

// What is wrong with the schedules that are on: a time that was not fired, or a firing that has not ended, for over
// five minutes; one sentence each.
std::vector<std::string> overdue(const std::vector<ledger::jobs::Schedule>& schedules, machines::Instant now);

// Of the ledger there, now; none while a replay goes on, since nothing fires then.
ledger::Stored<std::vector<std::string>> overdue_now(ledger::Connection& connection);

// What came of it in a few words; an error is why it failed.
using Perform = std::function<machines::Result<std::string, std::string>()>;

// Performs firings, one at a time, in the order of their times, and starts reviews whose time has come. It alone
// performs the tasks that it knows.
class FiringHand {
 public:
  FiringHand(ledger::Connection& connection, std::map<std::string, Perform> knows);
  // The first call, and each after an error, says that the process that performed before is gone. Then: ends the
  // reviews whose jobs are gone, and takes at most one firing and performs it. True: one was. Errors: the database's;
  // the next call goes on from there.
  ledger::Stored<bool> step();

 private:
  ledger::Stored<bool> step_once();
  ledger::Stored<bool> end_last();
  struct Ended {
    ledger::jobs::Firing firing;
    bool done = false;
    std::string outcome;
  };
  ledger::jobs::Schedules schedules_;
  std::map<std::string, Perform> knows_;
  std::vector<std::string> mine_, startable_;  // what it knows; and with reviews, which workers perform
  bool has_begun_ = false;
  std::optional<Ended> ended_;  // performed, and perhaps not written down yet
};

}  // namespace brokers::schedule
