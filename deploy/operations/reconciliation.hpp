// deploy/operations/reconciliation.hpp: the venue's statement against the ledger, and what a person says of the
// differences, as values. Never prints.
#pragma once

#include <string>
#include <vector>

#include "deploy/operations/asker.hpp"
#include "deploy/operations/error.hpp"
#include "ledger/books/reconciliation.hpp"
#include "workers/reconciliation/explain.hpp"
#include "workers/reconciliation/reconciler.hpp"

namespace deploy::operations {

using ledger::books::BreakView;
using workers::reconciliation::BreakArgs;
using workers::reconciliation::Reconciled;

// Compares now, and puts what differs into quarantine, for `person` to explain ("": who asks). `master_key_file` as
// configured, "" for the default: orders are asked about with the house's trade keys. A venue that does not answer, or
// moves meanwhile, is a value. Errors: not_running, config (the folder is another database's), and those of
// store_error(), as with all below.
Outcome<Reconciled> reconcile(const LedgerPlace& place, const Asker& who, const std::string& person,
                              const std::string& master_key_file);

// Those that wait, oldest first; with `all` also those that are closed.
Outcome<std::vector<BreakView>> breaks(const LedgerPlace& place, bool all);

// Each returns the break as it is then; `who` of the arguments is not read. Errors: refused, with the reason; nothing
// was written then.
Outcome<std::vector<BreakView>> explain_break(const LedgerPlace& place, const Asker& who, BreakArgs args);
Outcome<std::vector<BreakView>> undo_break(const LedgerPlace& place, const Asker& who, BreakArgs args);
Outcome<std::vector<BreakView>> hand_over_break(const LedgerPlace& place, const Asker& who, BreakArgs args);
Outcome<std::vector<BreakView>> close_break(const LedgerPlace& place, const Asker& who, BreakArgs args);

}  // namespace deploy::operations
