// ledger/audit/house.hpp: the questions about the ledger of a whole house, whose answer follows from what else stands
// in it: births, shards, jobs, the feed's cursor, controls, firings, keys, times of the wall. Each names the first bad
// row. COVERAGE.md says which column each covers.
#pragma once

#include <vector>

#include "ledger/store/connection.hpp"

namespace ledger::audit {

// One pass of the audit and its statement.
struct HouseQuestion {
  const char* pass;
  SqlStatement statement;
  bool takes_machines = false;  // machine_parameters() are its parameters
  bool is_brief = true;         // small enough to be asked since a checkpoint too
};
// In the order in which they are asked. Made once; any thread may read it.
const std::vector<HouseQuestion>& house_questions();

}  // namespace ledger::audit
