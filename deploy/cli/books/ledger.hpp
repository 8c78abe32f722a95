// deploy/cli/books/ledger.hpp: the words of `bursar ledger ...`: balances, verify, checkpoint, export.
#pragma once

namespace deploy {

class Commands;

void add_ledger_commands(Commands& commands);

}  // namespace deploy
