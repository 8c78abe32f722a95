// deploy/cli/jobs/order_cli.cpp: the words of `bursar order`.
#include <memory>

#include "deploy/cli/commands.hpp"
#include "deploy/cli/jobs/orders.hpp"

namespace deploy {

void add_order_commands(Commands& commands) {
  CLI::App& order = commands.noun("order", "orders that have not ended, and a person's word where nobody can be asked");
  auto in_doubt = std::make_shared<bool>(false);
  commands
      .look(order, "list", "the orders that have not ended, oldest first; and those that wait for the venue's word",
            [in_doubt](const CommandContext& context) { return list_orders(context, *in_doubt); })
      .add_flag("--in-doubt", *in_doubt, "only those that the venue may have, and that nobody could ask it about yet");
  auto word = std::make_shared<ResolveArgs>();
  CLI::App& resolve = commands.look(
      order, "resolve", "what became of an order, by a person's word; undone where the venue says otherwise later",
      [word](const CommandContext& context) { return resolve_order(context, *word); });
  resolve.add_option("id", word->id, "as `bursar order list` prints it")->required();
  resolve.add_option("--as", word->as, "filled, cancelled or not_placed")
      ->required()
      ->check(CLI::IsMember({"filled", "cancelled", "not_placed"}));
  resolve.add_option("--evidence", word->evidence, "what was seen, and where; kept in the history")->required();
  resolve.add_option("--base", word->base, "filled: coins bought or sold in all");
  resolve.add_option("--quote", word->quote, "filled: what they cost or brought in all, without the fee");
  resolve.add_option("--fee", word->fee, "filled: the fee in all, in the quote");
  resolve.add_flag("--yes", word->yes, "do it; without it, it is only shown");
}

}  // namespace deploy
