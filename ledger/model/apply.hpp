// ledger/model/apply.hpp: writes one step that fits into the rows: moves and births, jobs, money. Pure, no throw.
#pragma once

#include <vector>

#include "ledger/model/rows.hpp"

namespace ledger::model {

// Births take ids from `next_instance` on, in their order; returns them. REQUIRES: check_step() found that it fits
// (CHECKs say where it did not); a step with postings or jobs has a move.
std::vector<InstanceId> apply_step(Rows& rows, const machines::Step& step, InstanceId& next_instance);

}  // namespace ledger::model
