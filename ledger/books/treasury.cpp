#include "ledger/books/treasury.hpp"

#include "machines/core/names.hpp"

namespace ledger::books {
namespace {

using machines::AccountId;
using machines::Amount;

constexpr SqlStatement sleeves_statement = {
    "sleeves",
    "SELECT s.owner, s.id, s.name, s.kind, s.strategy, s.fees_base, s.quote, s.base, s.trading_quote, s.trading_base, "
    "s.fees_quote, "
    "s.suspense_quote, s.suspense_base, v.tradeable, n.symbol, n.lot, n.min_notional, n.maker_ppm, n.taker_ppm, "
    "b.id, b.code, b.scale, q.id, q.code, q.scale, coalesce(s.fees_other, 0), coalesce(s.suspense_other, 0), "
    "coalesce(f.id, 0), coalesce(f.code, ''), coalesce(f.scale, 0) "
    "FROM ledger.sleeve s JOIN ledger.vault v ON v.owner = s.owner AND v.id = s.vault JOIN ledger.instrument n ON n.id "
    "= s.instrument "
    "JOIN ledger.asset b ON b.id = n.base JOIN ledger.asset q ON q.id = n.quote "
    "LEFT JOIN ledger.asset f ON f.id = s.fee_asset ORDER BY s.owner, s.id",
    false};
constexpr SqlStatement deployment_statement = {"deployment", "SELECT encode(name, 'hex') FROM ledger.deployment",
                                               false};

machines::Asset asset_at(const Rows& rows, int row, int column) {
  return {{static_cast<std::int32_t>(rows.number(row, column))},
          std::string(rows.text(row, column + 1)),
          static_cast<int>(rows.number(row, column + 2))};
}

Sleeve sleeve_at(const Rows& rows, int row) {
  const auto account = [&](int column) { return AccountId{rows.number(row, column)}; };
  Sleeve sleeve;
  sleeve.owner = {static_cast<std::int32_t>(rows.number(row, 0))};
  sleeve.id = {rows.number(row, 1)};
  sleeve.name = rows.text(row, 2);
  sleeve.kind = machines::from_name<machines::SleeveKind>(rows.text(row, 3)).value_or(machines::SleeveKind::quiet);
  sleeve.strategy = rows.text(row, 4);
  sleeve.accounts = {account(6),  account(7),  account(8), account(9),  account(10), account(11),
                     account(12), account(13), account(5), account(25), account(26)};
  sleeve.fee_asset = asset_at(rows, row, 27);
  sleeve.symbol = rows.text(row, 14);
  const machines::Asset base = asset_at(rows, row, 19);
  const machines::Asset quote = asset_at(rows, row, 22);
  sleeve.instrument = {base,
                       quote,
                       Amount(base.id, rows.amount(row, 15)),
                       Amount(quote.id, rows.amount(row, 16)),
                       {rows.number(row, 17)},
                       {rows.number(row, 18)}};
  return sleeve;
}

}  // namespace

Stored<Sleeves> read_sleeves(Connection& connection) {
  const auto rows = connection.call(sleeves_statement);
  if (!rows) return machines::fail(rows.error());
  Sleeves sleeves;
  for (int row = 0; row < rows->size(); ++row) {
    Sleeve sleeve = sleeve_at(*rows, row);
    sleeves.emplace(std::pair{sleeve.owner, sleeve.id}, std::move(sleeve));
  }
  return sleeves;
}

Stored<std::string> read_deployment(Connection& connection) {
  const auto rows = connection.call(deployment_statement);
  if (!rows) return machines::fail(rows.error());
  return std::string(rows->text(0, 0));
}

}  // namespace ledger::books
