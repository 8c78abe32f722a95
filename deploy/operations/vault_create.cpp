#include <fmt/format.h>

#include "deploy/operations/vaults.hpp"
#include "deploy/replay/opening.hpp"
#include "deploy/replay/treasury_plan.hpp"
#include "ledger/books/open_treasury.hpp"
#include "ledger/books/vaults.hpp"
#include "ledger/journal/epochs.hpp"
#include "machines/core/names.hpp"
#include "machines/vault/decide.hpp"
#include "schemas/codec/data.hpp"

namespace deploy::operations {
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
std::optional<Reserve> reserve_of(const VaultArgs& args, std::string& why) {
  Reserve reserve;
  const auto rule = machines::from_name<Rule>(args.reserve);
  const auto least = percent_of(args.least);
  const auto most = percent_of(args.most);
  if (!rule) why = fmt::format("reserve `{}` is unknown; it is none, fixed or flexing", args.reserve);
  if (!least || !most) why = fmt::format("a reserve of {} to {} % can't be read; write 5 to 20", args.least, args.most);
  if (!why.empty()) return std::nullopt;
  reserve.rule = *rule;
  if (reserve.rule != Rule::none) reserve.least = *least;
  if (reserve.rule == Rule::flexing) reserve.most = *most;
  if (const char* objection = machines::policy::objection(reserve); objection != nullptr) {
    why = fmt::format("{}; it is {} to {}", objection, args.least, args.most);
    return std::nullopt;
  }
  return reserve;
}

}  // namespace

Outcome<VaultView> create_vault(const LedgerPlace& place, const Asker& who, const VaultArgs& args) {
  const std::string name = args.name.empty() ? args.asset : args.name;
  for (const std::string* word : {&args.owner, &args.asset, &args.account, &name})
    if (!is_name(*word))
      return refuse(ErrorCode::usage, fmt::format("`{}` is no name; use up to 40 letters, digits, - and _", *word));
  if (!schemas::config::is_asset(args.asset))
    return refuse(ErrorCode::usage,
                  fmt::format("`{}` is no asset's code: that is 2 to 12 capitals and digits, like USDT", args.asset));
  if (args.why.empty()) return no_reason_given();
  if (args.venue != "paper")
    return refuse(ErrorCode::not_found, fmt::format("no venue is called `{}`; there is: paper", args.venue));
  std::string why;
  auto reserve = reserve_of(args, why);
  if (!reserve) return refuse(ErrorCode::usage, why);
  ledger::Connection connection(place.dsn);
  const auto vaults = ledger::books::Vaults(connection).vaults();
  if (!vaults) return store_failure(place, vaults.error());
  for (const auto& vault : *vaults) {
    if (vault.owner_name != args.owner) continue;
    if (vault.name == name)
      return refuse(ErrorCode::exists, fmt::format("{} has a vault `{}` already; `bursar vault show {}` shows it",
                                                   args.owner, name, name));
    if (vault.venue == args.venue && vault.account == args.account && vault.asset.code == args.asset)
      return refuse(ErrorCode::exists, fmt::format("the vault {} holds {} on {}/{} already, and a wallet has one vault",
                                                   vault.name, args.asset, args.venue, args.account));
  }
  const auto now = ledger::journal::world_now(connection);
  if (!now) return store_failure(place, now.error());
  ledger::books::OpenTreasury open(connection);
  const std::int64_t asset = open.asset(args.asset, schemas::config::default_scale(args.asset));
  const std::int64_t owner = open.owner(args.owner, drawn_shard());
  reserve->flexed = machines::Amount::zero({static_cast<std::int32_t>(asset)});
  open.vault({owner, name, args.venue, args.account, asset, schemas::write_vault({*reserve, {}}),
              machines::vault::first_review(*reserve, {}, *now)},
             {who.name, args.why});
  if (open.error()) return store_failure(place, *open.error());
  return vault(place, args.owner, name);
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

Outcome<VaultView> create_sleeve(const LedgerPlace& place, const Asker& who, const VaultArgs& args,
                                 const schemas::config::Config& config) {
  if (!is_name(args.sleeve))
    return refuse(ErrorCode::usage, fmt::format("`{}` is no name; use up to 40 letters, digits, - and _", args.sleeve));
  if (args.why.empty()) return no_reason_given();
  const auto kind = machines::from_name<machines::SleeveKind>(args.kind);
  if (!kind) return refuse(ErrorCode::usage, fmt::format("kind `{}` is unknown; it is quiet or flash", args.kind));
  ledger::Connection connection(place.dsn);
  const auto vaults = ledger::books::Vaults(connection).vaults(args.owner);
  if (!vaults) return store_failure(place, vaults.error());
  const ledger::books::VaultView* vault = nullptr;
  std::string names;
  for (const auto& one : *vaults) {
    names += (names.empty() ? "" : ", ") + one.name;
    if (one.name == args.name) vault = &one;
    for (const auto& sleeve : one.sleeves)
      if (sleeve.name == args.sleeve)
        return refuse(ErrorCode::exists,
                      fmt::format("{} has a sleeve `{}` already, in the vault {}", args.owner, args.sleeve, one.name));
  }
  if (vault == nullptr)
    return refuse(ErrorCode::not_found, fmt::format("{} has no vault `{}`; there are: {}", args.owner, args.name,
                                                    names.empty() ? "none" : names));
  const auto pair = pair_named(connection, args.pair);
  if (!pair) return store_failure(place, pair.error());
  if (pair->id == 0)
    return refuse(ErrorCode::not_found, fmt::format("the pair `{}` is unknown; there are: {}", args.pair,
                                                    pair->known.empty() ? "none" : pair->known));
  if (pair->quote != vault->asset.code)
    return refuse(ErrorCode::usage,
                  fmt::format("{} is quoted in {}, and the vault {} holds {}; a sleeve trades only pairs quoted "
                              "in its vault's asset",
                              args.pair, pair->quote, vault->name, vault->asset.code));
  ledger::books::OpenTreasury open(connection);
  open.sleeve({vault->owner.value, vault->id, args.sleeve, *kind, pair->id,
               schemas::write_momentum(rules_for(*kind, config)), pair->fee_asset},
              {who.name, args.why});
  if (open.error()) return store_failure(place, *open.error());
  return operations::vault(place, args.owner, args.name);
}

}  // namespace deploy::operations
