// deploy/cli/reconciliation.hpp: the commands on reconciliation: compare now, list the breaks, explain one, hand it
// over, close it; and the one line that `up` and `status` say. Each prints for people, or one JSON value with --json.
#pragma once

#include <optional>
#include <string>

#include "deploy/cli/context.hpp"
#include "workers/reconciliation/explain.hpp"
#include "workers/reconciliation/reconciler.hpp"

namespace deploy {

class Commands;

// 0 also where differences were found: they are in quarantine. 1: nothing could be compared. `person` "": who runs it.
// `master_key_file` as configured, "" for the default: orders are asked about with the house's trade keys.
int reconcile_now(const CommandContext& context, const std::string& person, const std::string& master_key_file);
int list_breaks(const CommandContext& context, bool all);
int explain_break(const CommandContext& context, workers::reconciliation::BreakArgs order);
int undo_break(const CommandContext& context, workers::reconciliation::BreakArgs order);
int hand_over_break(const CommandContext& context, workers::reconciliation::BreakArgs order);
int close_break(const CommandContext& context, workers::reconciliation::BreakArgs order);

// `bursar reconcile`, alone and with a word about a break behind it.
void add_reconcile_commands(Commands& commands);

}  // namespace deploy
