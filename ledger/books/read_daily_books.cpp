#include "ledger/books/read_daily_books.hpp"

#include <functional>

#include "ledger/books/bookkeeper.hpp"
#include "ledger/store/snapshot.hpp"
#include "machines/core/names.hpp"

namespace ledger::books {
namespace {

constexpr int chunk = 1'000;

const std::string assets_query = "SELECT id, code, scale FROM ledger.asset ORDER BY id";
const std::string accounts_query =
    "SELECT owner, id, path, asset, credits_posted - debits_posted FROM ledger.account ORDER BY owner, id";
const std::string vaults_query =
    "SELECT v.owner, v.id, o.name, v.name, a.id, a.code, a.scale, v.reserve, v.tradeable FROM ledger.vault v "
    "JOIN ledger.owner o ON o.id = v.owner JOIN ledger.asset a ON a.id = v.asset ORDER BY v.owner, v.id";
const std::string sleeves_query =
    "SELECT s.owner, s.id, s.vault, o.name, s.name, n.symbol, s.kind, n.id, b.id, b.code, b.scale, q.id, q.code, "
    "q.scale, s.base, s.quote FROM ledger.sleeve s JOIN ledger.owner o ON o.id = s.owner "
    "JOIN ledger.instrument n ON n.id = s.instrument JOIN ledger.asset b ON b.id = n.base "
    "JOIN ledger.asset q ON q.id = n.quote ORDER BY s.owner, s.id";
const std::string movements_query =
    "SELECT world_at, owner, instance, version, code, debit, credit, amount FROM ledger.posting "
    "WHERE kind IN ('single', 'post') ORDER BY world_at, owner, instance, version, leg";
// A balance that no ledger can have, made by hand, is cut to one that it can: it stays wrong, and can be read.
const std::string lines_query =
    "SELECT e.owner, e.account, e.version, p.world_at, "
    "trunc(least(greatest(e.credits_posted - e.debits_posted, 1 - 1e38::numeric), 1e38::numeric - 1)), "
    "CASE WHEN p.kind NOT IN ('single', 'post') THEN 0 WHEN e.side = 0 THEN -p.amount ELSE p.amount END, "
    "e.instance, e.step_version "
    "FROM ledger.entry e JOIN ledger.account a ON a.owner = e.owner AND a.id = e.account "
    "JOIN ledger.posting p ON p.owner = e.owner AND p.instance = e.instance AND p.version = e.step_version "
    "AND p.leg = e.leg ORDER BY e.owner, e.account, e.version";
const std::string marks_query =
    "SELECT DISTINCT ON (b.instrument, d.day) b.instrument, d.day, b.close FROM ledger.bar b "
    "CROSS JOIN LATERAL (SELECT floor(b.opens_at::numeric / 86400000000)::bigint AS day) AS d "
    "LEFT JOIN ledger.feed f ON f.instrument = b.instrument "
    "WHERE b.close_sound AND (f.played_to IS NULL OR b.opens_at <= f.played_to) "
    "ORDER BY b.instrument, d.day, b.opens_at DESC";

// Row by row; keeps its first error, and reads nothing after it.
class Reader {
 public:
  explicit Reader(Snapshot& snapshot) : snapshot_(snapshot) {}
  void for_each(const char* name, const std::string& query, const std::function<void(const Rows&, int)>& each) {
    if (error_) return;
    if (const auto declared = snapshot_.declare(name, query); !declared) {
      error_ = declared.error();
      return;
    }
    for (int count = chunk; count == chunk;) {
      const auto rows = snapshot_.fetch(name, chunk);
      if (!rows) {
        error_ = rows.error();
        return;
      }
      count = rows->size();
      for (int row = 0; row < count; ++row) each(*rows, row);
    }
  }
  [[nodiscard]] const std::optional<StoreError>& error() const { return error_; }

 private:
  Snapshot& snapshot_;
  std::optional<StoreError> error_;
};

machines::OwnerId owner_at(const Rows& rows, int row, int column) {
  return {static_cast<std::int32_t>(rows.number(row, column))};
}
machines::AccountId account_at(const Rows& rows, int row, int column) { return {rows.number(row, column)}; }
std::string text_at(const Rows& rows, int row, int column) { return std::string(rows.text(row, column)); }
machines::Asset asset_at(const Rows& rows, int row, int column) {
  return {{static_cast<std::int32_t>(rows.number(row, column))},
          text_at(rows, row, column + 1),
          static_cast<int>(rows.number(row, column + 2))};
}

SleeveRow sleeve_at(const Rows& rows, int row) {
  SleeveRow sleeve;
  sleeve.owner = owner_at(rows, row, 0);
  sleeve.id = {rows.number(row, 1)};
  sleeve.vault = rows.number(row, 2);
  sleeve.owner_name = rows.text(row, 3);
  sleeve.name = rows.text(row, 4);
  sleeve.symbol = rows.text(row, 5);
  sleeve.kind = machines::from_name<machines::SleeveKind>(rows.text(row, 6)).value_or(machines::SleeveKind::quiet);
  sleeve.instrument = {static_cast<std::int32_t>(rows.number(row, 7))};
  sleeve.base = asset_at(rows, row, 8);
  sleeve.quote = asset_at(rows, row, 11);
  sleeve.base_account = account_at(rows, row, 14);
  sleeve.quote_account = account_at(rows, row, 15);
  return sleeve;
}

Registry read_registry(Reader& reader) {
  Registry made;
  reader.for_each("books_assets", assets_query,
                  [&](const Rows& rows, int row) { made.assets.push_back(asset_at(rows, row, 0)); });
  reader.for_each("books_accounts", accounts_query, [&](const Rows& rows, int row) {
    made.accounts.push_back({owner_at(rows, row, 0),
                             account_at(rows, row, 1),
                             text_at(rows, row, 2),
                             {static_cast<std::int32_t>(rows.number(row, 3))},
                             rows.amount(row, 4)});
  });
  reader.for_each("books_vaults", vaults_query, [&](const Rows& rows, int row) {
    made.vaults.push_back({owner_at(rows, row, 0), rows.number(row, 1), text_at(rows, row, 2), text_at(rows, row, 3),
                           asset_at(rows, row, 4), account_at(rows, row, 7), account_at(rows, row, 8)});
  });
  reader.for_each("books_settings", "SELECT value FROM ledger.setting WHERE key = 'settings'",
                  [&](const Rows& rows, int row) {
                    const auto coin = fee_coin_of(rows.text(row, 0));
                    for (const machines::Asset& asset : made.assets)
                      if (coin && asset.code == coin->code) made.fee_prices.emplace(asset.id, coin->price);
                  });
  reader.for_each("books_sleeves", sleeves_query,
                  [&](const Rows& rows, int row) { made.sleeves.push_back(sleeve_at(rows, row)); });
  return made;
}

}  // namespace

Stored<DailyBooks> read_statement(Connection& connection, machines::costs::Basis basis) {
  auto snapshot = Snapshot::open(connection);
  if (!snapshot) return machines::fail(snapshot.error());
  Reader reader(*snapshot);
  Bookkeeper keeper(basis, read_registry(reader));
  reader.for_each("books_movements", movements_query, [&](const Rows& rows, int row) {
    keeper.add(Movement{{rows.number(row, 0)},
                        owner_at(rows, row, 1),
                        {rows.number(row, 2)},
                        rows.number(row, 3),
                        text_at(rows, row, 4),
                        account_at(rows, row, 5),
                        account_at(rows, row, 6),
                        rows.amount(row, 7)});
  });
  reader.for_each("books_lines", lines_query, [&](const Rows& rows, int row) {
    keeper.add(Line{owner_at(rows, row, 0),
                    account_at(rows, row, 1),
                    rows.number(row, 2),
                    {rows.number(row, 3)},
                    rows.amount(row, 4),
                    rows.amount(row, 5),
                    {rows.number(row, 6)},
                    rows.number(row, 7)});
  });
  reader.for_each("books_marks", marks_query, [&](const Rows& rows, int row) {
    keeper.mark({static_cast<std::int32_t>(rows.number(row, 0))}, rows.number(row, 1), {rows.number(row, 2)});
  });
  if (reader.error()) return machines::fail(*reader.error());
  return keeper.finish();
}

}  // namespace ledger::books
