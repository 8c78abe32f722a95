// deploy/cli/books/ledger_export.hpp: `bursar ledger export`: the ledger as a journal for hledger or beancount, to
// standard output or into a file. A file is there whole or not at all: it is written beside itself and renamed at the
// end; one that was there stays until then, and always where the export fails or is interrupted.
#pragma once

#include <string>

#include "deploy/cli/context.hpp"

namespace deploy {

// `format` is hledger or beancount. `output` empty: standard output, which may be closed early (head): then it ends
// quietly with 0. With a file, the counts are printed, as JSON with --json. Returns the exit code: 2 where --output
// names no place for a file, 1 where it can't be written or the ledger can't be read.
int export_journal(const CommandContext& context, const std::string& format, const std::string& output);

}  // namespace deploy
