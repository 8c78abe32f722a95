#include "ledger/books/fee_prices.hpp"

#include "schemas/config/config.hpp"

namespace ledger::books {

std::optional<FeeCoin> fee_coin_of(std::string_view settings) {
  std::string code = schemas::config::frozen_value(settings, "venue.paper.fee_asset");
  const auto price = schemas::config::Decimal::parse(schemas::config::frozen_value(settings, "venue.paper.fee_price"));
  const auto e8 = price ? price->at_scale(8) : std::nullopt;
  if (code.size() < 3 || !e8 || *e8 <= 0 || *e8 > INT64_MAX) return std::nullopt;
  return FeeCoin{code.substr(1, code.size() - 2), {static_cast<std::int64_t>(*e8)}};
}

Stored<FeePrices> read_fee_prices(Connection& connection) {
  const auto rows = connection.call({"fee_prices",
                                     "SELECT t.value, a.id, a.code FROM ledger.setting t CROSS JOIN ledger.asset a "
                                     "WHERE t.key = 'settings'",
                                     false});
  if (!rows) return machines::fail(rows.error());
  FeePrices prices;
  for (int row = 0; row < rows->size(); ++row)
    if (const auto coin = fee_coin_of(rows->text(row, 0)); coin && coin->code == rows->text(row, 2))
      prices.emplace(machines::AssetId{static_cast<std::int32_t>(rows->number(row, 1))}, coin->price);
  return prices;
}

}  // namespace ledger::books
