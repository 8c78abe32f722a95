// deploy/cli/paper.hpp: what a person would do on the exchange's own page, at the paper venue: trade, deposit,
// withdraw, read the statement. Past every machine and posting of ours: it is reconciliation that finds it.
#pragma once

#include <string>

#include "deploy/cli/context.hpp"

namespace deploy {

class Commands;

struct PaperArgs {
  std::string side, amount;  // a buy spends so much quote, fee included; a sale sells so much base
  std::string asset;         // of a deposit or withdrawal
  std::string symbol;        // empty: the one that the house trades
  std::string id;            // asked again under the same id, it happens once; empty: a fresh one
};

// Each needs the running house, and prints the statement that the venue answers with.
int trade_on_paper(const CommandContext& context, const PaperArgs& order);
int deposit_on_paper(const CommandContext& context, const PaperArgs& order);
int withdraw_on_paper(const CommandContext& context, const PaperArgs& order);
int show_paper_statement(const CommandContext& context);

// `bursar paper ...`.
void add_paper_commands(Commands& commands);

}  // namespace deploy
