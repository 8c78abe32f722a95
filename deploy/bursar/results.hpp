// deploy/bursar/results.hpp: what a replay came to, read from the ledger: the report's data. Reads only.
#pragma once

#include "deploy/bursar/setup.hpp"
#include "deploy/report/report.hpp"
#include "ledger/store/connection.hpp"

namespace deploy {

// Everything but `verified` (the auditor's word) and `elapsed_s`. `spread` is the share that the baseline pays above
// the open.
ledger::Stored<report::ReportData> read_results(ledger::Connection& connection, const FeedState& feed,
                                                const std::vector<workers::market::Bar>& bars, machines::Rate spread);

}  // namespace deploy
