#include <fmt/format.h>

#include <map>
#include <set>

#include "workers/venues/paper/order_row.hpp"
#include "workers/venues/paper/store.hpp"

namespace workers::venues::paper {
namespace {

using machines::Int128;

constexpr std::int64_t application_id = 0x42505631;  // "BPV1"
constexpr std::int64_t schema_version = 3;

// Amounts are decimal text in whole minor units: SQLite's integers end at 64 bits.
constexpr const char* version_1 = R"sql(
CREATE TABLE balances (
  asset TEXT PRIMARY KEY, scale INTEGER NOT NULL, start TEXT NOT NULL, total TEXT NOT NULL, reserved TEXT NOT NULL
) STRICT;
CREATE TABLE orders (
  number INTEGER PRIMARY KEY, client_id TEXT NOT NULL UNIQUE, symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('buy', 'sell')), size TEXT NOT NULL, remaining TEXT NOT NULL,
  placed_us INTEGER NOT NULL, status TEXT NOT NULL CHECK (status IN ('resting', 'filled', 'cancelled', 'rejected')),
  reason TEXT NOT NULL, fills INTEGER NOT NULL
) STRICT;
CREATE INDEX resting_orders ON orders (symbol) WHERE status = 'resting';
CREATE TABLE fills (
  order_number INTEGER NOT NULL REFERENCES orders, number INTEGER NOT NULL, at_us INTEGER NOT NULL,
  price_e8 INTEGER NOT NULL, base TEXT NOT NULL, quote TEXT NOT NULL, fee TEXT NOT NULL, is_maker INTEGER NOT NULL,
  PRIMARY KEY (order_number, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE bars (
  symbol TEXT PRIMARY KEY, opens_us INTEGER NOT NULL, open_e8 INTEGER NOT NULL, filled INTEGER NOT NULL
) STRICT;
CREATE TABLE requests (
  request TEXT NOT NULL, client_id TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (request, client_id)
) STRICT, WITHOUT ROWID;
)sql";

// What version 2 added: fees in any asset ('' is the quote), and what people do on the exchange.
constexpr const char* since_2 = R"sql(
ALTER TABLE fills ADD COLUMN fee_asset TEXT NOT NULL DEFAULT '';
CREATE TABLE hand_trades (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('buy', 'sell')), size TEXT NOT NULL, at_us INTEGER NOT NULL,
  base TEXT NOT NULL, quote TEXT NOT NULL, fee TEXT NOT NULL, fee_asset TEXT NOT NULL
) STRICT;
CREATE TABLE hand_transfers (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, asset TEXT NOT NULL, amount TEXT NOT NULL, at_us INTEGER NOT NULL
) STRICT;
)sql";

// What version 3 added: ids that are barred, how ids and deadlines are treated, and an id that may stand for two
// orders: which of its indices is unique goes by that (prepare_properties).
constexpr const char* since_3 = R"sql(
CREATE TABLE orders_3 (
  number INTEGER PRIMARY KEY, client_id TEXT NOT NULL, symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('buy', 'sell')), size TEXT NOT NULL, remaining TEXT NOT NULL,
  placed_us INTEGER NOT NULL, status TEXT NOT NULL CHECK (status IN ('resting', 'filled', 'cancelled', 'rejected')),
  reason TEXT NOT NULL, fills INTEGER NOT NULL
) STRICT;
INSERT INTO orders_3 SELECT number, client_id, symbol, side, size, remaining, placed_us, status, reason, fills
  FROM orders;
DROP TABLE orders;
ALTER TABLE orders_3 RENAME TO orders;
CREATE INDEX resting_orders ON orders (symbol) WHERE status = 'resting';
CREATE TABLE tombstones (client_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE properties (
  one INTEGER PRIMARY KEY CHECK (one = 1), ids TEXT NOT NULL CHECK (ids IN ('for_ever', 'among_open')),
  tombstones INTEGER NOT NULL, enforces_deadline INTEGER NOT NULL
) STRICT;
)sql";

// What a file keeps of the properties, as a person reads it.
std::string words_of(bool for_ever, bool tombstones, bool enforces_deadline) {
  return fmt::format("ids {}, {}, {}", for_ever ? "for_ever" : "among_open",
                     tombstones ? "tombstones" : "no tombstones",
                     enforces_deadline ? "deadlines enforced" : "no deadlines enforced");
}

machines::Failure<SqlError> wrong(std::string text) { return machines::fail(SqlError{std::move(text)}); }

}  // namespace

std::string Book::validate() const {
  if (auto bad = rules.validate(); !bad.empty()) return bad;
  if (auto bad = properties.validate(); !bad.empty()) return "the paper venue can't have " + bad;
  if (markets.empty()) return "the paper venue needs a market";
  std::set<std::string> symbols;
  for (const Market& market : markets) {
    if (auto bad = market.validate(); !bad.empty()) return bad;
    if (!symbols.insert(market.symbol).second) return fmt::format("{}: named twice", market.symbol);
  }
  for (const auto& [asset, amount] : starting)
    if (asset.id != amount.asset() || amount.is_negative())
      return fmt::format("{}: the starting balance must be an amount of it, 0 or more", asset.code);
  return {};
}

Kept<Store> Store::open(const std::string& path, Book book) {
  const auto failed = [](const SqlError& error) {
    return machines::fail(StoreError{StoreFailure::broken, error.text});
  };
  if (const auto bad = book.validate(); !bad.empty()) return failed({bad});
  auto database = Database::open(path);
  if (!database) return failed(database.error());
  Store store(std::move(*database), std::move(book));
  if (const auto ready = store.prepare_file(path); !ready) return failed(ready.error());
  if (const auto ready = store.prepare_properties(path); !ready) return failed(ready.error());
  if (const auto ready = store.prepare_balances(); !ready) return failed(ready.error());
  if (const auto known = store.check_symbols(); !known) return failed(known.error());
  if (const auto sound = store.verify(); !sound)
    return failed({fmt::format("{}: {}; restore it from a copy", path, sound.error().text)});
  return store;
}

// Looks before it writes: another program's file is left as it is.
Sql<bool> Store::prepare_file(const std::string& path) {
  const auto id = database_.number("PRAGMA application_id");
  if (!id) return machines::fail(id.error());
  const auto tables = database_.number("SELECT count(*) FROM sqlite_master");
  if (!tables) return machines::fail(tables.error());
  const bool is_new = *id == 0 && *tables == 0;
  if (!is_new && *id != application_id)
    return wrong(fmt::format("{}: another program's database; choose another data folder", path));
  if (const auto ours = database_.claim(); !ours) return ours;
  if (is_new) {
    Transaction transaction(database_);
    if (!transaction.begun()) return transaction.begun();
    const auto made = database_.execute(fmt::format("{} {} {} PRAGMA application_id = {}; PRAGMA user_version = {};",
                                                    version_1, since_2, since_3, application_id, schema_version));
    return made ? transaction.commit() : made;
  }
  const auto version = database_.number("PRAGMA user_version");
  if (!version) return machines::fail(version.error());
  if (*version < 1 || *version > schema_version)
    return wrong(fmt::format("{}: a venue store of version {}, this program knows {}; use the program that made it",
                             path, *version, schema_version));
  {
    Prepared check = database_.prepare("PRAGMA quick_check(1)");
    const auto row = check.step();
    if (!row) return row;
    if (check.text(0) != "ok")
      return wrong(fmt::format("{}: damaged: {}; restore it from a copy", path, check.text(0)));
  }
  return *version == schema_version ? Sql<bool>(true) : raise_file(path, *version);
}

Sql<bool> Store::raise_file(const std::string& path, std::int64_t version) {
  if (book_.properties.ids != VenueProperties::Ids::for_ever)
    return wrong(
        fmt::format("{}: this venue store was made with ids for_ever, the configuration says ids among_open; "
                    "restore the configuration or choose another data folder",
                    path));
  // The orders move to another table: meanwhile fills refer to none.
  if (const auto off = database_.execute("PRAGMA foreign_keys = OFF"); !off) return off;
  {
    Transaction transaction(database_);
    if (!transaction.begun()) return transaction.begun();
    const auto raised = database_.execute(
        fmt::format("{} {} PRAGMA user_version = {};", version == 1 ? since_2 : "", since_3, schema_version));
    if (!raised) return raised;
    if (const auto done = transaction.commit(); !done) return done;
  }
  return database_.execute("PRAGMA foreign_keys = ON");
}

Sql<bool> Store::prepare_properties(const std::string& path) {
  const VenueProperties& wanted = book_.properties;
  const bool for_ever = wanted.ids == VenueProperties::Ids::for_ever;
  Transaction transaction(database_);
  if (!transaction.begun()) return transaction.begun();
  Prepared query = database_.prepare("SELECT ids, tombstones, enforces_deadline FROM properties");
  const auto row = query.step();
  if (!row) return row;
  if (*row) {
    const std::string kept = words_of(query.text(0) == "for_ever", query.number(1) != 0, query.number(2) != 0);
    const std::string said = words_of(for_ever, wanted.tombstones, wanted.enforces_deadline);
    if (kept == said) return true;
    return wrong(
        fmt::format("{}: this venue store was made with {}, the configuration says {}; restore the "
                    "configuration or choose another data folder",
                    path, kept, said));
  }
  const auto kept = database_.prepare("INSERT INTO properties VALUES (1, ?, ?, ?)")
                        .bind(std::string_view(for_ever ? "for_ever" : "among_open"))
                        .bind(static_cast<std::int64_t>(wanted.tombstones))
                        .bind(static_cast<std::int64_t>(wanted.enforces_deadline))
                        .run();
  if (!kept) return kept;
  const auto indexed = database_.execute(for_ever ? "CREATE UNIQUE INDEX orders_by_id ON orders (client_id);"
                                                  : "CREATE INDEX orders_by_id ON orders (client_id);"
                                                    "CREATE UNIQUE INDEX open_orders_by_id ON orders (client_id) "
                                                    "WHERE status = 'resting';");
  return indexed ? transaction.commit() : indexed;
}

Sql<bool> Store::prepare_balances() {
  Transaction transaction(database_);
  if (!transaction.begun()) return transaction.begun();
  std::set<std::string> named;
  for (const StartingBalance& starting : book_.starting) {
    if (const auto done = prepare_balance(starting); !done) return done;
    named.insert(starting.asset.code);
  }
  for (const Market& traded : book_.markets) {
    std::vector<machines::Asset> needed{traded.instrument.base, traded.instrument.quote};
    if (traded.fees.in == FeesIn::coin) needed.push_back(traded.fees.coin);
    for (const auto& asset : needed)
      if (named.insert(asset.code).second)
        if (const auto done = prepare_balance({asset, machines::Amount::zero(asset.id)}); !done) return done;
  }
  return transaction.commit();
}

Sql<bool> Store::prepare_balance(const StartingBalance& starting) {
  const auto& [asset, amount] = starting;
  Prepared query = database_.prepare("SELECT scale, start FROM balances WHERE asset = ?");
  const auto row = query.bind(std::string_view(asset.code)).step();
  if (!row) return row;
  if (!*row)
    return database_.prepare("INSERT INTO balances VALUES (?, ?, ?, ?, '0')")
        .bind(std::string_view(asset.code))
        .bind(static_cast<std::int64_t>(asset.scale))
        .bind(amount.minor())
        .bind(amount.minor())
        .run();
  if (query.number(0) == asset.scale && query.whole(1) == amount.minor() && query.sound()) return true;
  return wrong(
      fmt::format("{}: this venue store began with {} minor units at scale {}, the configuration says {} at {}; "
                  "restore the configuration or choose another data folder",
                  asset.code, query.text(1), query.number(0), machines::to_text(amount.minor()), asset.scale));
}

// Every order and hand trade that was taken is of a market that is still configured.
Sql<bool> Store::check_symbols() {
  Prepared query =
      database_.prepare("SELECT symbol FROM orders WHERE status != 'rejected' UNION SELECT symbol FROM hand_trades");
  auto row = query.step();
  for (; row && *row; row = query.step())
    if (market(query.text(0)) == nullptr)
      return wrong(
          fmt::format("the venue store holds trades of {}, which the configuration no longer trades", query.text(0)));
  return row ? Sql<bool>(true) : row;
}

// Totals from the start, the fills and what people did, reservations from the resting orders: both must be what the
// balances say.
Sql<bool> Store::verify() {
  struct Sums {
    Int128 total = 0, reserved = 0;
  };
  std::map<std::string, Sums> sums;
  bool sound = true;
  for (const Market& traded : book_.markets) {
    Prepared fills = database_.prepare(
        "SELECT o.side, f.base, f.quote, f.fee, f.fee_asset FROM fills f JOIN orders o ON o.number = f.order_number "
        "WHERE symbol = ?1 UNION ALL SELECT side, base, quote, fee, fee_asset FROM hand_trades WHERE symbol = ?1");
    fills.bind(std::string_view(traded.symbol));
    auto row = fills.step();
    for (; row && *row; row = fills.step()) {
      schemas::Fill fill;
      fill.base = fills.whole(1);
      fill.quote = fills.whole(2);
      fill.fee = fills.whole(3);
      fill.fee_asset = fills.text(4);
      const auto side = fills.text(0) == "buy" ? schemas::Side::buy : schemas::Side::sell;
      for (const auto& [asset, change] : changes_of(traded.instrument, side, fill)) sums[asset].total += change;
    }
    if (!row) return row;
    const auto resting = orders("status = 'resting' AND symbol = ?", traded.symbol);
    if (!resting) return machines::fail(resting.error());
    for (const Order& order : *resting) sums[spent_asset(traded, order.side).code].reserved += order.remaining;
    sound = sound && fills.sound();
  }
  Prepared transfers = database_.prepare("SELECT asset, amount FROM hand_transfers");
  auto transfer = transfers.step();
  for (; transfer && *transfer; transfer = transfers.step()) sums[transfers.text(0)].total += transfers.whole(1);
  if (!transfer) return transfer;
  sound = sound && transfers.sound();
  Prepared balances = database_.prepare("SELECT asset, start, total, reserved FROM balances");
  auto row = balances.step();
  for (; row && *row; row = balances.step()) {
    const Sums& sum = sums[balances.text(0)];
    if (balances.whole(1) + sum.total != balances.whole(2) || sum.reserved != balances.whole(3))
      return wrong(fmt::format("the balance of {} does not add up", balances.text(0)));
  }
  if (!row) return row;
  return sound && balances.sound() ? Sql<bool>(true) : wrong("an amount is no whole number");
}

}  // namespace workers::venues::paper
