// ledger/audit/machines.hpp: what the catalog of machines allows, as rows of parameters; and the question whether every
// stored transition is such a row and every instance final where its state is. Pure but for the question, which verify
// asks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ledger/store/connection.hpp"

namespace ledger::audit {

// `from` is "" at a birth; a birth's event is one that no row of the table uses.
struct MachineRow {
  std::string kind;
  std::int64_t machine_version = 1;
  std::string from, event, to, command;  // command "" allows any: a birth
  bool is_final = false;                 // `to` is a state that no row leaves
};

// Every row and every birth of every machine, by kind. Made once.
const std::vector<MachineRow>& machine_rows();

// The rows as parameters $1 to $7 of the questions below; each names the first bad row.
Parameters machine_parameters();
// All of history, and all instances.
SqlStatement all_machines_statement();
// What the links $9 to $10 of shard $8 hold.
SqlStatement recent_machines_statement();

}  // namespace ledger::audit
