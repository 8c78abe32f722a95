// deploy/cli/books/balances.hpp: `bursar ledger balances`.
#pragma once

#include "deploy/cli/context.hpp"

namespace deploy {

int show_balances(const CommandContext& context);

}  // namespace deploy
