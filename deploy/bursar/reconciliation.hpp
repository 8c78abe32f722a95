// deploy/bursar/reconciliation.hpp: the commands on reconciliation: compare now, list the breaks, explain one, hand it
// over, close it; and the one line that `up` and `status` say. Each prints for people, or one JSON value with --json.
#pragma once

#include <optional>
#include <string>

#include "deploy/bursar/breaks.hpp"
#include "deploy/bursar/commands.hpp"
#include "deploy/bursar/reconciler.hpp"

namespace deploy {

// 0 also where differences were found: they are in quarantine. 1: nothing could be compared. `person` "": who runs it.
// `master_key_file` as configured, "" for the default: orders are asked about with the house's trade keys.
int reconcile_now(const Where& where, const std::string& person, const std::string& master_key_file);
int list_breaks(const Where& where, bool all);
int explain_break(const Where& where, BreakOrder order);
int undo_break(const Where& where, BreakOrder order);
int hand_over_break(const Where& where, BreakOrder order);
int close_break(const Where& where, BreakOrder order);

// "reconciled: the venue's statement is what the ledger says", or what was found.
std::string in_one_line(const Reconciled& made);

// Open breaks and the age of the oldest, in words; empty without any.
struct OpenBreaks {
  std::int64_t count = 0, oldest_s = 0;
};
ledger::Stored<OpenBreaks> open_breaks(ledger::Connection& connection);

}  // namespace deploy
