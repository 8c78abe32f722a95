// deploy/operations/status.hpp: the whole house at a look: instances, jobs, brokers, keys, breaks, schedules, and all
// that will not move by itself. Reads the ledger and asks the brokers; never prints.
#pragma once

#include <string>
#include <vector>

#include "deploy/house/broker_view.hpp"
#include "deploy/house/key_watch.hpp"
#include "deploy/house/stuck.hpp"
#include "deploy/operations/error.hpp"
#include "ledger/books/books.hpp"
#include "ledger/books/reconciliation.hpp"
#include "ledger/jobs/job_admin.hpp"
#include "ledger/jobs/jobs.hpp"

namespace deploy::operations {

struct StatusView {
  std::vector<ledger::books::StateCount> states;
  ledger::jobs::Counts jobs;
  std::vector<ledger::books::Stranded> stranded;
  ledger::books::OpenBreaks breaks;
  KeyHealth keys;
  std::vector<ledger::jobs::JobGroup> unserved;  // jobs that no worker here knows the machine of
  std::vector<BrokerState> brokers;              // none where no house runs; `view` empty: it does not answer
  bool house_may_run = true;                     // false: nobody serves this folder
  std::vector<std::string> overdue;              // schedules, a sentence each
  std::vector<StuckWork> stuck = {};
  bool shares_owners_login = false;            // the brokers do
  std::vector<std::string> cannot_trade = {};  // sleeves and refused orders, a sentence each
};

// `stuck_after_s`: for how long a ready job may wait until it is named. Brokers are asked where a house may run.
// Errors: those of store_error().
Outcome<StatusView> status(const LedgerPlace& place, std::int64_t stuck_after_s);

}  // namespace deploy::operations
