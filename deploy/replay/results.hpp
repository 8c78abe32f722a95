// deploy/replay/results.hpp: what a replay came to, read from the ledger: the report's data. Reads only.
#pragma once

#include "deploy/replay/opening.hpp"
#include "deploy/report/report.hpp"
#include "ledger/store/connection.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

// Everything but `verified` (the auditor's word) and `elapsed_s`. `paper` is what trading cost; the baseline pays its
// spread and fees too.
ledger::Stored<report::ReportData> read_results(ledger::Connection& connection, const FeedState& feed,
                                                const std::vector<workers::market::Bar>& bars,
                                                const schemas::config::PaperConfig& paper);

}  // namespace deploy
