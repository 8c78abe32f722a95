// deploy/cli/jobs/orders.hpp: `bursar order list|resolve`: the orders that have not ended, and a person's word about
// one that nobody can ask about any more. Such a word is one step like any other, in the history and the audit chain
// with who and on what evidence; the venue's own word may overrule it later (workers/reconciliation/resolutions). Each
// command prints for people, or one JSON object with --json, and returns the exit code: 2 where it waits for the yes.
#pragma once

#include <string>

#include "deploy/cli/jobs/jobs.hpp"

namespace deploy {

class Commands;

struct ResolveArgs {
  std::int64_t id = 0;      // the order's machine
  std::string as;           // filled, cancelled, not_placed
  std::string evidence;     // what the person saw, and where
  std::string base, quote;  // filled: all that it came to at the venue, in coins of the pair
  std::string fee;          // in the quote
  bool yes = false;
};

// `in_doubt`: only those of which nobody knows whether they stand at the venue, or who can't be asked about.
int list_orders(const CommandContext& context, bool in_doubt);
int resolve_order(const CommandContext& context, const ResolveArgs& order);

// `bursar order ...`.
void add_order_commands(Commands& commands);

}  // namespace deploy
