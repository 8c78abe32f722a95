#include <fmt/format.h>

#include "deploy/cli/vaults.hpp"
#include "deploy/replay/opening.hpp"
#include "deploy/replay/treasury_plan.hpp"
#include "deploy/terminal/asker.hpp"
#include "ledger/books/open_treasury.hpp"
#include "ledger/books/vaults.hpp"
#include "machines/core/names.hpp"
#include "machines/vault/decide.hpp"
#include "schemas/codec/data.hpp"

namespace deploy {
namespace {

using machines::policy::Reserve;
using machines::policy::Rule;
using schemas::config::Decimal;

// A name is part of account paths and of what people type: short, and without what would need quotes.
bool is_name(const std::string& text) {
  if (text.empty() || text.size() > 40) return false;
  for (const char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
      return false;
  return true;
}

std::optional<machines::Rate> percent_of(const std::string& text) {
  const auto value = Decimal::parse(text);
  const auto ppm = value ? value->at_scale(4) : std::nullopt;
  if (!ppm || *ppm < 0 || *ppm > 1'000'000) return std::nullopt;
  return machines::Rate{static_cast<std::int64_t>(*ppm)};
}

// Nothing, and what is wrong with it in `why`, where it can't be.
std::optional<Reserve> reserve_of(const VaultArgs& order, std::string& why) {
  Reserve reserve;
  const auto rule = machines::from_name<Rule>(order.reserve);
  const auto least = percent_of(order.least);
  const auto most = percent_of(order.most);
  if (!rule) why = fmt::format("reserve `{}` is unknown; it is none, fixed or flexing", order.reserve);
  if (!least || !most)
    why = fmt::format("a reserve of {} to {} % can't be read; write 5 to 20", order.least, order.most);
  if (!why.empty()) return std::nullopt;
  reserve.rule = *rule;
  if (reserve.rule != Rule::none) reserve.least = *least;
  if (reserve.rule == Rule::flexing) reserve.most = *most;
  if (const char* objection = machines::policy::objection(reserve); objection != nullptr) {
    why = fmt::format("{}; it is {} to {}", objection, order.least, order.most);
    return std::nullopt;
  }
  return reserve;
}

}  // namespace

int create_vault(const CommandContext& context, const VaultArgs& order) {
  const std::string name = order.name.empty() ? order.asset : order.name;
  for (const std::string* word : {&order.owner, &order.asset, &order.account, &name})
    if (!is_name(*word))
      return wrong(context, fmt::format("vault create: `{}` is no name; use up to 40 letters, digits, - and _", *word));
  if (!schemas::config::is_asset(order.asset))
    return wrong(context,
                 fmt::format("vault create: `{}` is no asset's code: that is 2 to 12 capitals and digits, like USDT",
                             order.asset));
  if (order.why.empty()) return wrong(context, no_why("vault create"));
  if (order.venue != "paper")
    return wrong(context, fmt::format("vault create: no venue is called `{}`; there is: paper", order.venue));
  std::string why;
  auto reserve = reserve_of(order, why);
  if (!reserve) return wrong(context, "vault create: " + why);
  ledger::Connection connection(context.dsn);
  const auto vaults = ledger::books::Vaults(connection).vaults();
  if (!vaults) return failed(context, "vault create", vaults.error());
  for (const auto& vault : *vaults) {
    if (vault.owner_name != order.owner) continue;
    if (vault.name == name)
      return wrong(context, fmt::format("vault create: {} has a vault `{}` already; `bursar vault show {}` shows it",
                                        order.owner, name, name));
    if (vault.venue == order.venue && vault.account == order.account && vault.asset.code == order.asset)
      return wrong(context,
                   fmt::format("vault create: the vault {} holds {} on {}/{} already, and a wallet has one vault",
                               vault.name, order.asset, order.venue, order.account));
  }
  const auto now = ledger::books::world_now(connection);
  if (!now) return failed(context, "vault create", now.error());
  ledger::books::OpenTreasury open(connection);
  const std::int64_t asset = open.asset(order.asset, schemas::config::default_scale(order.asset));
  const std::int64_t owner = open.owner(order.owner, drawn_shard());
  reserve->flexed = machines::Amount::zero({static_cast<std::int32_t>(asset)});
  open.vault({owner, name, order.venue, order.account, asset, schemas::write_vault({*reserve, {}}),
              machines::vault::first_review(*reserve, {}, *now)},
             {who_asks(), order.why});
  if (open.error()) return failed(context, "vault create", *open.error());
  VaultArgs shown = order;
  shown.name = name;
  return show_vault(context, shown);
}

namespace {

// The rules of the configuration's first sleeve of that kind, else the ones that Bursar comes with.
machines::strategy::Momentum rules_for(machines::SleeveKind kind, const schemas::config::Config& config) {
  for (const auto& sleeve : config.sleeves)
    if (sleeve.kind == kind) return sleeve.strategy;
  return config.sleeves.empty() ? machines::strategy::Momentum{} : config.sleeves.front().strategy;
}

// The pair's id and its quote, or what is wrong.
struct Pair {
  std::int64_t id = 0, fee_asset = 0;
  std::string quote, known;
};

ledger::Stored<Pair> pair_named(ledger::Connection& connection, const std::string& symbol) {
  const auto rows = connection.call({"cli_pairs",
                                     "SELECT n.id, n.symbol, q.code, coalesce((SELECT max(s.fee_asset) FROM "
                                     "ledger.sleeve s WHERE s.instrument = n.id), 0) "
                                     "FROM ledger.instrument n JOIN ledger.asset q ON q.id = n.quote ORDER BY n.symbol",
                                     false});
  if (!rows) return machines::fail(rows.error());
  Pair pair;
  for (int row = 0; row < rows->size(); ++row) {
    pair.known += (pair.known.empty() ? "" : ", ") + std::string(rows->text(row, 1));
    if (rows->text(row, 1) == symbol)
      pair = {rows->number(row, 0), rows->number(row, 3), std::string(rows->text(row, 2)), pair.known};
  }
  return pair;
}

}  // namespace

int create_sleeve(const CommandContext& context, const VaultArgs& order, const schemas::config::Config& config) {
  if (!is_name(order.sleeve))
    return wrong(context,
                 fmt::format("sleeve create: `{}` is no name; use up to 40 letters, digits, - and _", order.sleeve));
  if (order.why.empty()) return wrong(context, no_why("sleeve create"));
  const auto kind = machines::from_name<machines::SleeveKind>(order.kind);
  if (!kind)
    return wrong(context, fmt::format("sleeve create: kind `{}` is unknown; it is quiet or flash", order.kind));
  ledger::Connection connection(context.dsn);
  const auto vaults = ledger::books::Vaults(connection).vaults(order.owner);
  if (!vaults) return failed(context, "sleeve create", vaults.error());
  const ledger::books::VaultView* vault = nullptr;
  std::string names;
  for (const auto& one : *vaults) {
    names += (names.empty() ? "" : ", ") + one.name;
    if (one.name == order.name) vault = &one;
    for (const auto& sleeve : one.sleeves)
      if (sleeve.name == order.sleeve)
        return wrong(context, fmt::format("sleeve create: {} has a sleeve `{}` already, in the vault {}", order.owner,
                                          order.sleeve, one.name));
  }
  if (vault == nullptr)
    return wrong(context, fmt::format("sleeve create: {} has no vault `{}`; there are: {}", order.owner, order.name,
                                      names.empty() ? "none" : names));
  const auto pair = pair_named(connection, order.pair);
  if (!pair) return failed(context, "sleeve create", pair.error());
  if (pair->id == 0)
    return wrong(context, fmt::format("sleeve create: the pair `{}` is unknown; there are: {}", order.pair,
                                      pair->known.empty() ? "none" : pair->known));
  if (pair->quote != vault->asset.code)
    return wrong(
        context,
        fmt::format("sleeve create: {} is quoted in {}, and the vault {} holds {}; a sleeve trades only pairs quoted "
                    "in its vault's asset",
                    order.pair, pair->quote, vault->name, vault->asset.code));
  ledger::books::OpenTreasury open(connection);
  open.sleeve({vault->owner.value, vault->id, order.sleeve, *kind, pair->id,
               schemas::write_momentum(rules_for(*kind, config)), pair->fee_asset},
              {who_asks(), order.why});
  if (open.error()) return failed(context, "sleeve create", *open.error());
  return show_vault(context, order);
}

}  // namespace deploy
