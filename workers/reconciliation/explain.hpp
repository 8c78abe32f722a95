// workers/reconciliation/explain.hpp: what a person does with a break: explain it (all of it or a part, by a new
// posting that names the one it corrects), take the last explanation back, give the break to another person, close it.
// Each is one step with who and why; no row changes. No throw.
#pragma once

#include <string>

#include "workers/reconciliation/break_step.hpp"

namespace workers::reconciliation {

struct BreakArgs {
  std::int64_t id = 0;
  std::string as;      // deposit, withdrawal, trade, fee or error
  std::string sleeve;  // the sleeve that bears it; empty: the vault does
  std::string amount;  // of it; empty: all that is left
  std::string person;
  std::string who, why;
  std::string other_amount;  // of a trade's other side; empty: in proportion
};

// Empty: it is done. Else why not, in words for the person who asked; nothing was written. Errors: the connection's; in
// doubt, `bursar reconcile list` shows whether it stands.
ledger::Stored<std::string> explain_break(ledger::Connection& connection, const BreakArgs& order);
// Takes back the last explanation that stands, both sides of a trade; a break that was closed is open again.
ledger::Stored<std::string> undo_break(ledger::Connection& connection, const BreakArgs& order);
// Gives an open break to `person`, and closes an explained one. Results and errors as explain_break().
ledger::Stored<std::string> hand_over_break(ledger::Connection& connection, const BreakArgs& order);
ledger::Stored<std::string> close_break(ledger::Connection& connection, const BreakArgs& order);

}  // namespace workers::reconciliation
