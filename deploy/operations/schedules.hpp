// deploy/operations/schedules.hpp: what fires by the clock, when it fires next, what became of the last times; and a
// firing now, by a person. Never prints.
#pragma once

#include <string>
#include <vector>

#include "deploy/operations/asker.hpp"
#include "deploy/operations/error.hpp"
#include "ledger/jobs/schedules.hpp"

namespace deploy::operations {

using ledger::jobs::FiringView;
using ledger::jobs::Schedule;

struct ScheduleArgs {
  std::string name, owner = "default", why;
};

struct ScheduleStatus {
  Schedule schedule;
  std::vector<FiringView> firings;      // newest first
  std::vector<machines::Instant> next;  // wall time; none where it is off, or its cron or zone can't be read here
  std::vector<std::string> overdue;     // a sentence each
};

// Each with its next time and its last firing. Errors: those of store_error(), as with all below.
Outcome<std::vector<ScheduleStatus>> schedules(const LedgerPlace& place);
// With its next five times and its last ten firings. Errors: not_found, with those there are.
Outcome<ScheduleStatus> schedule(const LedgerPlace& place, const ScheduleArgs& args);
// Fires it now and waits ten seconds for what comes of it: `state` is due or running where it goes on. Errors: usage
// (no `why`), not_found, not_running (nobody would do it), refused (why it was not fired).
Outcome<FiringView> run_schedule(const LedgerPlace& place, const Asker& who, const ScheduleArgs& args);

}  // namespace deploy::operations
