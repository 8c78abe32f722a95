#include "deploy/report/reconciled.hpp"

#include <fmt/format.h>

#include "deploy/report/figures.hpp"

namespace deploy::report {

using workers::reconciliation::Reconciled;

std::string in_one_line(const Reconciled& made) {
  if (!made.silent.empty()) return "not reconciled: the venue gave no statement: " + made.silent;
  if (!made.still) return "not reconciled yet: orders are on their way, and a difference shows meanwhile";
  if (made.booked.empty() && made.found.empty())
    return made.unknown.empty() ? "reconciled: the venue's statement is what the ledger says"
                                : "reconciled; but the venue has coins that no vault of ours holds";
  return fmt::format("reconciled: {} of others booked, {} in quarantine{}",
                     counted(static_cast<std::int64_t>(made.booked.size()), "sale"),
                     counted(static_cast<std::int64_t>(made.found.size()), "new difference"),
                     made.found.empty() ? "" : "; `bursar reconcile list` shows them");
}

}  // namespace deploy::report
