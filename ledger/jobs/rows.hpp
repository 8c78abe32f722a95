// ledger/jobs/rows.hpp: rows of type ledger.leased_job as leased jobs. Internal to ledger/jobs.
#pragma once

#include <vector>

#include "ledger/store/connection.hpp"
#include "machines/core/job.hpp"

namespace ledger::jobs {

Stored<std::vector<machines::LeasedJob>> leased_of(const Stored<Rows>& rows, bool with_machine_version = false);

}  // namespace ledger::jobs
