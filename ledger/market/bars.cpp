#include "ledger/market/bars.hpp"

namespace ledger::market {
namespace {

constexpr SqlStatement bars_statement = {"set_bars",
                                         "INSERT INTO ledger.bar SELECT 1, * FROM unnest($1::bigint[], $2::bigint[], "
                                         "$3::bigint[], $4::bigint[], $5::bigint[], $6::boolean[], "
                                         "$7::boolean[]) ON CONFLICT DO NOTHING"};

}  // namespace

Stored<bool> write_bars(Connection& connection, const std::vector<Bar>& bars) {
  ArrayText opens_at, open, high, low, close, open_sound, close_sound;
  for (const Bar& bar : bars) {
    opens_at.add(bar.opens_at.us);
    open.add(bar.open.e8);
    high.add(bar.high.e8);
    low.add(bar.low.e8);
    close.add(bar.close.e8);
    open_sound.add_bool(bar.open_sound);
    close_sound.add_bool(bar.close_sound);
  }
  const auto rows = connection.call(
      bars_statement,
      Parameters().add(opens_at).add(open).add(high).add(low).add(close).add(open_sound).add(close_sound));
  if (!rows) return machines::fail(rows.error());
  return true;
}

Stored<std::vector<Bar>> read_bars(Connection& connection) {
  const auto rows = connection.call({"read_bars",
                                     "SELECT opens_at, open, high, low, close, open_sound, close_sound FROM ledger.bar "
                                     "WHERE instrument = 1 ORDER BY opens_at",
                                     false});
  if (!rows) return machines::fail(rows.error());
  std::vector<Bar> bars;
  bars.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    bars.push_back({{rows->number(row, 0)},
                    {rows->number(row, 1)},
                    {rows->number(row, 2)},
                    {rows->number(row, 3)},
                    {rows->number(row, 4)},
                    rows->flag(row, 5),
                    rows->flag(row, 6)});
  return bars;
}

}  // namespace ledger::market
