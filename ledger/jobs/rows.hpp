// ledger/jobs/rows.hpp: rows of type ledger.leased_job as leased jobs. Internal to ledger/jobs.
#pragma once

#include <vector>

#include "ledger/store/connection.hpp"
#include "machines/core/job.hpp"

namespace ledger::jobs {

// The jobs in the order of the rows; `with_machine_version`: where the rows have one more column, the version of the
// instance's machine. Errors: passes on those of `rows`.
Stored<std::vector<machines::LeasedJob>> leased_of(const Stored<Rows>& rows, bool with_machine_version = false);

}  // namespace ledger::jobs
