#include "ledger/books/reconciliation.hpp"

#include "schemas/codec/data.hpp"

namespace ledger::books {
namespace {

constexpr SqlStatement wallet_statement = {
    "wallet",
    "SELECT owner, asset, code, scale, ledger, quarantined, external, quarantine, stamp, in_flight, ledger.world_now() "
    "FROM ledger.wallet($1, $2)",
    false};
constexpr SqlStatement keep_statement = {
    "keep_statement", "SELECT ledger.keep_statement($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"};
constexpr SqlStatement unclaimed_statement = {
    "unclaimed_fills",
    "SELECT f.id FROM ledger.foreign_fill f WHERE f.venue = $1 AND f.account = $2 AND NOT EXISTS (SELECT FROM "
    "ledger.fill_claim c WHERE c.venue = f.venue AND c.account = f.account AND c.fill = f.id) ORDER BY f.at, f.id",
    false};
// $1: all of them; $2: one, or 0.
constexpr SqlStatement breaks_statement = {
    "breaks",
    "SELECT i.owner, i.id, i.version, i.state, o.name, i.data, a.id, a.code, a.scale, t.world_at, to_char(t.wall_at AT "
    "TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), extract(epoch FROM clock_timestamp() - t.wall_at)::bigint "
    "FROM ledger.instance i JOIN ledger.owner o ON o.id = i.owner "
    "JOIN ledger.transition t ON t.owner = i.owner AND t.instance = i.id AND t.version = 1 "
    "JOIN ledger.asset a ON a.id = split_part(i.data::json ->> 'amount', ':', 1)::int "
    "WHERE i.kind = 'break' AND ($1 OR i.state <> 'closed') AND ($2::bigint = 0 OR i.id = $2) ORDER BY t.wall_at, i.id",
    false};

machines::Asset asset_at(const Rows& rows, int row, int column) {
  return {{static_cast<std::int32_t>(rows.number(row, column))},
          std::string(rows.text(row, column + 1)),
          static_cast<int>(rows.number(row, column + 2))};
}

Stored<std::vector<BreakView>> read_breaks(Connection& connection, bool all, machines::InstanceId id) {
  const auto rows = connection.call(breaks_statement, Parameters().add_bool(all).add(id.value));
  if (!rows) return machines::fail(rows.error());
  std::vector<BreakView> views;
  for (int row = 0; row < rows->size(); ++row) {
    auto data = schemas::parse_break(rows->text(row, 5));
    if (!data)
      return machines::fail(
          StoreError{StoreFailure::refused, "the break " + std::to_string(rows->number(row, 1)) + " can't be read"});
    BreakView view;
    view.owner = {static_cast<std::int32_t>(rows->number(row, 0))};
    view.id = {rows->number(row, 1)};
    view.version = rows->number(row, 2);
    view.state = rows->text(row, 3);
    view.owner_name = rows->text(row, 4);
    view.data = std::move(*data);
    view.asset = asset_at(*rows, row, 6);
    view.world_at = {rows->number(row, 9)};
    view.wall_at = rows->text(row, 10);
    view.age_s = rows->number(row, 11);
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace

const WalletLine* Wallet::line(const std::string& asset) const {
  for (const WalletLine& one : lines)
    if (one.asset.code == asset) return &one;
  return nullptr;
}

Stored<Wallet> Reconciliation::wallet(const std::string& venue, const std::string& account) {
  const auto rows = connection_.call(wallet_statement, Parameters().add(venue).add(account));
  if (!rows) return machines::fail(rows.error());
  Wallet wallet;
  for (int row = 0; row < rows->size(); ++row) {
    wallet.lines.push_back({{static_cast<std::int32_t>(rows->number(row, 0))},
                            asset_at(*rows, row, 1),
                            rows->amount(row, 4),
                            rows->amount(row, 5),
                            {rows->number(row, 6)},
                            {rows->number(row, 7)}});
    wallet.stamp += rows->amount(row, 8);
    wallet.in_flight = rows->number(row, 9);
    wallet.world_now = {rows->number(row, 10)};
  }
  return wallet;
}

Stored<std::int64_t> Reconciliation::keep(const std::string& venue, const std::string& account,
                                          machines::Instant world_at, const SeenStatement& statement) {
  ArrayText assets, totals, ids, symbols, times, buys, bases, quotes, fees, fee_assets;
  for (const auto& line : statement.lines) {
    assets.add_text(line.asset);
    totals.add_amount(line.total);
  }
  for (const SeenFill& fill : statement.foreign) {
    ids.add_text(fill.id);
    symbols.add_text(fill.symbol);
    times.add(fill.at.us);
    buys.add_bool(fill.is_buy);
    bases.add_amount(fill.base);
    quotes.add_amount(fill.quote);
    fees.add_amount(fill.fee);
    fee_assets.add_text(fill.fee_asset);
  }
  Parameters parameters = Parameters().add(venue).add(account).add(world_at.us);
  for (ArrayText* array : {&assets, &totals, &ids, &symbols, &times, &buys, &bases, &quotes, &fees, &fee_assets})
    parameters.add(*array);
  const auto rows = connection_.call(keep_statement, parameters);
  if (!rows) return machines::fail(rows.error());
  return rows->number(0, 0);
}

Stored<std::vector<std::string>> Reconciliation::unclaimed(const std::string& venue, const std::string& account) {
  const auto rows = connection_.call(unclaimed_statement, Parameters().add(venue).add(account));
  if (!rows) return machines::fail(rows.error());
  std::vector<std::string> ids;
  ids.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) ids.emplace_back(rows->text(row, 0));
  return ids;
}

Stored<std::vector<BreakView>> Reconciliation::breaks(bool all) { return read_breaks(connection_, all, {0}); }

Stored<std::vector<BreakView>> Reconciliation::break_of(machines::InstanceId id) {
  return read_breaks(connection_, true, id);
}

Stored<OpenBreaks> open_breaks(Connection& connection) {
  const auto views = Reconciliation(connection).breaks(false);
  if (!views) return machines::fail(views.error());
  OpenBreaks open;
  for (const BreakView& view : *views) {
    if (view.state != "open") continue;
    ++open.count;
    open.oldest_s = std::max(open.oldest_s, view.age_s);
  }
  return open;
}

}  // namespace ledger::books
