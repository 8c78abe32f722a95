// deploy/cli/books/report.hpp: `bursar report`: the books of sleeves and vaults for some days, reconciled day by
// day: a table for people, JSON, CSV, or a page in a file.
#pragma once

#include <string>

#include "deploy/cli/context.hpp"
#include "machines/costs/costs.hpp"

namespace deploy {

class Commands;

struct ReportOptions {
  std::string from, to;  // 2024-01-31; empty: from the first day, to the last
  bool csv = false;
  std::string html;  // the file to write; empty: none
};

// Returns the exit code: 0; 1 where a day up to the last one asked for does not add up (each is named), where no day
// lies in the range, or where the ledger can't be read or the file not be written; 2 where the dates are none, or the
// file can't be one.
int report_books(const CommandContext& context, machines::costs::Basis basis, const ReportOptions& options);

// `bursar report`.
void add_report_command(Commands& commands);

}  // namespace deploy
