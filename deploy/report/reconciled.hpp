// deploy/report/reconciled.hpp: what a comparison with a venue's statement came to, in one line. Pure.
#pragma once

#include <string>

#include "workers/reconciliation/reconciler.hpp"

namespace deploy::report {

// "reconciled: the venue's statement is what the ledger says", or what was found.
std::string in_one_line(const workers::reconciliation::Reconciled& made);

}  // namespace deploy::report
