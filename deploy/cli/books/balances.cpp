#include "deploy/cli/books/balances.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "deploy/operations/books.hpp"
#include "deploy/terminal/print.hpp"
#include "machines/core/amount.hpp"

namespace deploy {

using nlohmann::ordered_json;

int show_balances(const CommandContext& context) {
  const auto amount_text = [](machines::Int128 minor, int scale) {
    return machines::format(machines::Amount({0}, minor), scale);
  };
  const auto balances = operations::balances(context);
  if (!balances) return complain(context, "ledger balances", balances.error());
  ordered_json json = ordered_json::array();
  if (!context.json) print_text("{:<32} {:>30} {:>30}  {}\n", "account", "balance", "of it held", "asset");
  for (const auto& one : *balances) {
    const std::string posted = amount_text(one.posted, one.scale), held = amount_text(one.held, one.scale);
    if (context.json)
      json.push_back({{"account", one.path}, {"asset", one.asset}, {"balance", posted}, {"held", held}});
    else
      print_text("{:<32} {:>30} {:>30}  {}\n", one.path, posted, held, one.asset);
  }
  if (context.json) std::cout << json.dump() << "\n";
  return 0;
}

}  // namespace deploy
