#include "ledger/books/vaults.hpp"

#include <fmt/format.h>

#include "ledger/store/transaction.hpp"
#include "machines/core/names.hpp"
#include "machines/policy/reserve.hpp"
#include "schemas/codec/data.hpp"

namespace ledger::books {
namespace {

using machines::Amount;
using machines::Int128;

constexpr SqlStatement snapshot_statement = {"vaults_snapshot",
                                             "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", false};
constexpr SqlStatement vaults_statement = {
    "vaults",
    "SELECT v.owner, o.name, v.id, v.name, v.venue, v.account, s.id, s.code, s.scale, r.credits_posted - "
    "r.debits_posted, "
    "t.credits_posted - t.debits_posted, m.data, v.external, v.reserve, v.tradeable, "
    "EXISTS (SELECT FROM ledger.instrument n WHERE n.quote = v.asset), "
    "(SELECT coalesce(string_agg(symbol, ', ' ORDER BY symbol), 'none') FROM ledger.instrument), "
    "EXISTS (SELECT FROM ledger.pause p WHERE p.owner = v.owner AND (p.scope = 'owner' OR p.scope = 'vault' AND "
    "p.target = v.id::text "
    "OR p.scope = 'venue' AND p.target = v.venue)), w.total, coalesce(w.world_at, 0) "
    "FROM ledger.vault v JOIN ledger.owner o ON o.id = v.owner JOIN ledger.asset s ON s.id = v.asset "
    "JOIN ledger.account r ON r.owner = v.owner AND r.id = v.reserve JOIN ledger.account t ON t.owner = v.owner AND "
    "t.id = v.tradeable "
    "JOIN ledger.instance m ON m.owner = v.owner AND m.id = v.instance "
    "LEFT JOIN LATERAL (SELECT d.world_at, coalesce(l.total, 0) AS total FROM (SELECT x.id, x.world_at FROM "
    "ledger.statement x "
    "WHERE x.venue = v.venue AND x.account = v.account ORDER BY x.id DESC LIMIT 1) AS d "
    "LEFT JOIN ledger.statement_line l ON l.statement = d.id AND l.asset = s.code) AS w ON true "
    "WHERE $1 IN ('', o.name) ORDER BY v.owner, v.id",
    false};
// The open cycle, and the order that it waits for.
constexpr SqlStatement sleeves_statement = {
    "vault_sleeves",
    "SELECT s.id, s.name, s.kind, n.symbol, a.id, a.code, a.scale, z.data, q.credits_posted - q.debits_posted, "
    "q.debits_pending, "
    "b.credits_posted - b.debits_posted, coalesce(c.state, ''), coalesce(c.data, ''), coalesce(d.data, ''), "
    "coalesce((SELECT sum(p.amount) FROM ledger.posting p WHERE p.owner = s.owner AND p.debit = s.quote AND p.code = "
    "'sweep'), 0), "
    "ledger.is_paused(s.owner, s.id), n.min_notional "
    "FROM ledger.sleeve s JOIN ledger.instrument n ON n.id = s.instrument JOIN ledger.asset a ON a.id = n.base "
    "JOIN ledger.instance z ON z.owner = s.owner AND z.id = s.instance JOIN ledger.account q ON q.owner = s.owner AND "
    "q.id = s.quote "
    "JOIN ledger.account b ON b.owner = s.owner AND b.id = s.base "
    "LEFT JOIN ledger.instance c ON c.owner = s.owner AND c.kind = 'sleeve_cycle' AND c.sleeve = s.id AND NOT "
    "c.is_final "
    "LEFT JOIN ledger.instance d ON d.owner = s.owner AND d.parent = c.id AND d.kind = 'order' AND NOT d.is_final "
    "WHERE s.owner = $1 AND s.vault = $2 ORDER BY s.id",
    false};
constexpr SqlStatement fees_statement = {
    "vault_fees",
    "SELECT s.id, a.id, a.code, a.scale, f.credits_posted - f.debits_posted FROM ledger.sleeve s JOIN ledger.account f "
    "ON f.owner = s.owner AND f.id IN (s.fees_quote, s.fees_base, s.fees_other) JOIN ledger.asset a ON a.id = f.asset "
    "WHERE s.owner = $1 AND s.vault = $2 AND f.credits_posted <> f.debits_posted ORDER BY s.id, a.id",
    false};
constexpr SqlStatement controls_statement = {
    "controls",
    "SELECT o.name, i.data::json ->> 'measure', i.data::json ->> 'scope', coalesce(v.name, s.name, i.data::json ->> "
    "'target'), "
    "i.data::json ->> 'level', i.data::json ->> 'who', i.data::json ->> 'why', t.world_at, to_char(t.wall_at AT TIME "
    "ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM ledger.instance i "
    "JOIN ledger.owner o ON o.id = i.owner JOIN ledger.transition t ON t.owner = i.owner AND t.instance = i.id AND "
    "t.version = 1 "
    "LEFT JOIN ledger.vault v ON v.owner = i.owner AND i.data::json ->> 'scope' = 'vault' AND v.id::text = "
    "i.data::json ->> 'target' "
    "LEFT JOIN ledger.sleeve s ON s.owner = i.owner AND i.data::json ->> 'scope' = 'sleeve' AND s.id::text = "
    "i.data::json ->> 'target' "
    "WHERE i.kind = 'control' AND NOT i.is_final ORDER BY i.owner, i.id",
    false};

machines::Asset asset_at(const Rows& rows, int row, int column) {
  return {{static_cast<std::int32_t>(rows.number(row, column))},
          std::string(rows.text(row, column + 1)),
          static_cast<int>(rows.number(row, column + 2))};
}

// What the position has cost: of the cycle's purchase, the share that is still there; and what a buy that has not ended
// has paid so far.
Int128 cost_of(const std::string& state, std::string_view cycle_text, std::string_view order_text, Int128 position) {
  const auto cycle = schemas::parse_cycle(cycle_text);
  if (state.empty() || !cycle) return 0;
  const auto order = schemas::parse_order(order_text);
  const bool buying = order && order->is_buy;
  const Int128 paid = buying ? order->quote.minor() + order->fees.minor() : 0;
  const Int128 bought = cycle->base.minor();
  const Int128 kept = std::min(bought, position - (buying ? order->base.minor() - order->fees_base.minor() : 0));
  if (bought <= 0 || kept <= 0) return paid;
  const auto share = machines::multiply_divide(cycle->cost.minor(), kept, bought, machines::Rounding::half_even);
  return paid + (share ? *share : 0);
}

SleeveView sleeve_at(const Rows& rows, int row, const machines::Asset& quote) {
  SleeveView view;
  view.id = {rows.number(row, 0)};
  view.name = rows.text(row, 1);
  view.kind = machines::from_name<machines::SleeveKind>(rows.text(row, 2)).value_or(machines::SleeveKind::quiet);
  view.pair = rows.text(row, 3);
  view.base = asset_at(rows, row, 4);
  const auto kept = schemas::parse_sleeve(rows.text(row, 7));
  view.allocation = kept ? kept->allocation : Amount::zero(quote.id);
  view.coins = Amount(quote.id, rows.amount(row, 8));
  view.held = Amount(quote.id, rows.amount(row, 9));
  view.position = Amount(view.base.id, rows.amount(row, 10));
  view.state = rows.text(row, 11);
  view.cost = Amount(quote.id, cost_of(view.state, rows.text(row, 12), rows.text(row, 13), view.position.minor()));
  view.balance = Amount(quote.id, view.coins.minor() + view.cost.minor());
  view.returned = Amount(quote.id, rows.amount(row, 14));
  view.paused = rows.flag(row, 15);
  view.smallest_order = Amount(quote.id, rows.amount(row, 16));
  return view;
}

std::string idle_because(const VaultView& vault, bool has_pair, const std::string& pairs, bool paused) {
  if (!has_pair) return fmt::format("no pair that is traded is quoted in {} (pairs: {})", vault.asset.code, pairs);
  if (vault.sleeves.empty()) return "it has no sleeve";
  if (vault.tradeable.is_zero()) return "Tradeable Coins are 0";
  bool given = false;
  for (const SleeveView& sleeve : vault.sleeves) given = given || !sleeve.state.empty();
  if (!given) return "nothing is allocated to its sleeves";
  return paused ? "paused" : "";
}

}  // namespace

Stored<bool> Vaults::add_sleeves(VaultView& vault) {
  const auto key = Parameters().add(std::int64_t{vault.owner.value}).add(vault.id);
  const auto rows = connection_.call(sleeves_statement, key);
  if (!rows) return machines::fail(rows.error());
  const auto fees = connection_.call(fees_statement, key);
  if (!fees) return machines::fail(fees.error());
  for (int row = 0; row < rows->size(); ++row) {
    SleeveView sleeve = sleeve_at(*rows, row, vault.asset);
    for (int at = 0; at < fees->size(); ++at)
      if (fees->number(at, 0) == sleeve.id.value) sleeve.fees.push_back({asset_at(*fees, at, 1), fees->amount(at, 4)});
    Amount& sum = sleeve.kind == machines::SleeveKind::quiet ? vault.quiet : vault.flash;
    sum = Amount(sum.asset(), sum.minor() + sleeve.balance.minor());
    vault.sleeves.push_back(std::move(sleeve));
  }
  return true;
}

Stored<std::vector<VaultView>> Vaults::vaults(const std::string& owner) {
  const auto snapshot = Transaction::open(connection_);  // rolled back at the end: nothing is written
  if (!snapshot) return machines::fail(snapshot.error());
  if (const auto set = connection_.call(snapshot_statement); !set) return machines::fail(set.error());
  return read_vaults(owner);
}

Stored<std::vector<VaultView>> Vaults::read_vaults(const std::string& owner) {
  const auto rows = connection_.call(vaults_statement, Parameters().add(owner));
  if (!rows) return machines::fail(rows.error());
  std::vector<VaultView> vaults;
  for (int row = 0; row < rows->size(); ++row) {
    VaultView view;
    view.owner = {static_cast<std::int32_t>(rows->number(row, 0))};
    view.owner_name = rows->text(row, 1);
    view.id = rows->number(row, 2);
    view.name = rows->text(row, 3);
    view.venue = rows->text(row, 4);
    view.account = rows->text(row, 5);
    view.asset = asset_at(*rows, row, 6);
    const auto coins = [&](Int128 minor) { return Amount(view.asset.id, minor); };
    view.quiet = view.flash = coins(0);
    view.not_at_risk = coins(rows->amount(row, 9));
    view.unallocated = coins(rows->amount(row, 10));
    if (const auto data = schemas::parse_vault(rows->text(row, 11))) view.reserve = data->reserve;
    view.external_account = {rows->number(row, 12)};
    view.reserve_account = {rows->number(row, 13)};
    view.tradeable_account = {rows->number(row, 14)};
    if (const auto added = add_sleeves(view); !added) return machines::fail(added.error());
    view.tradeable = coins(view.unallocated.minor() + view.quiet.minor() + view.flash.minor());
    view.total = coins(view.tradeable.minor() + view.not_at_risk.minor());
    view.must_stay = machines::policy::required(view.reserve, view.total).value_or(coins(0));
    if (!rows->is_null(row, 18)) view.on_wallet = coins(rows->amount(row, 18));
    view.stated_at = {rows->number(row, 19)};
    view.idle = idle_because(view, rows->flag(row, 15), std::string(rows->text(row, 16)), rows->flag(row, 17));
    vaults.push_back(std::move(view));
  }
  return vaults;
}

Stored<std::vector<ControlView>> Vaults::controls() {
  const auto rows = connection_.call(controls_statement);
  if (!rows) return machines::fail(rows.error());
  std::vector<ControlView> controls;
  for (int row = 0; row < rows->size(); ++row) {
    const auto word = [&](int column) { return std::string(rows->text(row, column)); };
    controls.push_back(
        {word(0), word(1), word(2), word(3), word(4), word(5), word(6), {rows->number(row, 7)}, word(8)});
  }
  return controls;
}

}  // namespace ledger::books
