#include "workers/venues/paper/store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "machines/core/names.hpp"
#include "workers/venues/paper/order_row.hpp"

namespace workers::venues::paper {
namespace {

using machines::Amount;
using machines::Int128;
using schemas::OrderReport;
using schemas::OrderStatus;
using schemas::Side;

bool is_client_id(const std::string& id) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return id.size() == 32 && std::all_of(id.begin(), id.end(), is_hex);
}

OrderReport unknown(const std::string& client_id) { return {client_id, OrderStatus::not_found, "", false, {}}; }
OrderReport barred(const std::string& client_id, bool duplicate) {
  return {client_id, OrderStatus::cancelled, "barred_before_it_came", duplicate, {}};
}

}  // namespace

std::string refused_by_deadline(const VenueProperties& properties, const schemas::PlaceOrder& order,
                                std::int64_t venue_us) {
  constexpr std::int64_t farthest_us = 60'000'000;
  if (!properties.enforces_deadline || order.not_after_us == 0) return "";
  if (order.not_after_us < venue_us)
    return fmt::format("deadline_passed: {} us ago; nothing was taken",
                       machines::to_text(Int128{venue_us} - order.not_after_us));
  if (Int128{order.not_after_us} - venue_us > farthest_us)
    return "deadline_too_far: more than 60 seconds away; nothing was taken";
  return "";
}

const Market* Store::market(const std::string& symbol) const {
  for (const Market& market : book_.markets)
    if (market.symbol == symbol) return &market;
  return nullptr;
}

Sql<std::vector<Store::Order>> Store::orders(std::string_view condition, const std::string& value) {
  Prepared query = database_.prepare(fmt::format(
      "SELECT number, client_id, symbol, side, size, remaining, placed_us, status, reason, fills FROM orders "
      "WHERE {} ORDER BY number",
      condition));
  query.bind(value);
  std::vector<Order> found;
  auto row = query.step();
  for (; row && *row; row = query.step()) {
    const auto side = machines::from_name<Side>(query.text(3));
    const auto status = machines::from_name<OrderStatus>(query.text(7));
    found.push_back({query.number(0), query.text(1), query.text(2), side.value_or(Side::buy), query.whole(4),
                     query.whole(5), machines::Instant{query.number(6)}, status.value_or(OrderStatus::rejected),
                     query.text(8), static_cast<int>(query.number(9))});
    if (!side || !status || !query.sound())
      return machines::fail(SqlError{fmt::format("the venue store's order {} can't be read", query.number(0))});
  }
  if (!row) return machines::fail(row.error());
  return found;
}

// The open one of this id, else the newest.
Sql<std::optional<Store::Order>> Store::standing(const std::string& client_id) {
  auto found = orders("client_id = ?", client_id);
  if (!found) return machines::fail(found.error());
  std::optional<Order> chosen;
  for (Order& order : *found) {
    chosen = std::move(order);
    if (chosen->status == OrderStatus::resting) break;
  }
  return chosen;
}

Sql<bool> Store::is_barred(const std::string& client_id) {
  return database_.prepare("SELECT 1 FROM tombstones WHERE client_id = ?").bind(std::string_view(client_id)).step();
}

Kept<OrderReport> Store::bar(const std::string& client_id) {
  const auto done =
      database_.prepare("INSERT OR IGNORE INTO tombstones VALUES (?)").bind(std::string_view(client_id)).run();
  if (!done) return broken(done.error());
  return barred(client_id, false);
}

Sql<OrderReport> Store::report(const Order& order, bool duplicate) {
  OrderReport made{order.client_id, order.status, order.reason, duplicate, {}, order.symbol, order.side, order.size};
  Prepared query = database_.prepare(
      "SELECT number, at_us, price_e8, base, quote, fee, is_maker, fee_asset FROM fills WHERE order_number = ? ORDER "
      "BY number");
  query.bind(order.number);
  auto row = query.step();
  for (; row && *row; row = query.step())
    made.fills.push_back({static_cast<int>(query.number(0)), machines::Instant{query.number(1)},
                          machines::Price{query.number(2)}, query.whole(3), query.whole(4), query.whole(5),
                          query.number(6) != 0, query.text(7)});
  if (!row) return machines::fail(row.error());
  if (!query.sound())
    return machines::fail(SqlError{fmt::format("the venue store's fills of order {} can't be read", order.number)});
  return made;
}

Kept<OrderReport> Store::place(const schemas::PlaceOrder& order, bool told_to_reject) {
  if (!is_client_id(order.client_id)) return refuse("bad_client_id: 32 lower-case hex digits are expected");
  Transaction transaction(database_);
  if (!transaction.begun()) return broken(transaction.begun().error());
  const auto is_late = is_barred(order.client_id);
  if (!is_late) return broken(is_late.error());
  if (*is_late) return barred(order.client_id, true);
  const auto known = standing(order.client_id);
  if (!known) return broken(known.error());
  const bool is_taken =
      *known && ((*known)->status == OrderStatus::resting || book_.properties.ids == VenueProperties::Ids::for_ever);
  if (is_taken) {
    const Order& first = **known;
    if (first.symbol != order.symbol || first.side != order.side || first.size != order.size)
      return refuse(fmt::format("id_conflict: {} stands for another order", order.client_id));
  } else {
    const auto refusal = refusal_of(order, told_to_reject);
    if (!refusal) return broken(refusal.error());
    if (const auto kept = insert(order, *refusal); !kept) return broken(kept.error());
  }
  const auto kept = standing(order.client_id);
  if (!kept) return broken(kept.error());
  const auto made = report(**kept, is_taken);
  if (!made) return broken(made.error());
  if (const auto done = transaction.commit(); !done) return broken(done.error());
  return *made;
}

// Why the order is not taken, or "".
Sql<std::string> Store::refusal_of(const schemas::PlaceOrder& order, bool told_to_reject) {
  if (told_to_reject) return std::string("told_to_reject");
  const Market* traded = market(order.symbol);
  if (traded == nullptr) return std::string("unknown_symbol");
  if (const auto refusal = refusal_on_placing(book_.rules, *traded, order); !refusal.empty())
    return std::string(refusal);
  const auto free = available(spent_asset(*traded, order.side).code);
  if (!free) return machines::fail(free.error());
  return std::string(*free >= order.size ? "" : "insufficient_funds");
}

Sql<bool> Store::insert(const schemas::PlaceOrder& order, const std::string& refusal) {
  const OrderStatus status = refusal.empty() ? OrderStatus::resting : OrderStatus::rejected;
  Prepared insertion = database_.prepare(
      "INSERT INTO orders (client_id, symbol, side, size, remaining, placed_us, status, reason, fills) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)");
  const auto done = insertion.bind(std::string_view(order.client_id))
                        .bind(std::string_view(order.symbol))
                        .bind(machines::name_of(order.side))
                        .bind(order.size)
                        .bind(order.size)
                        .bind(order.placed_at.us)
                        .bind(machines::name_of(status))
                        .bind(std::string_view(refusal))
                        .run();
  if (!done || !refusal.empty()) return done;
  return change_balance(spent_asset(*market(order.symbol), order.side).code, 0, order.size);
}

Kept<OrderReport> Store::query(const schemas::QueryOrder& query) {
  const auto found = standing(query.client_id);
  if (!found) return broken(found.error());
  if (!*found && query.deep) {
    const auto is_late = is_barred(query.client_id);
    if (!is_late) return broken(is_late.error());
    if (*is_late) return barred(query.client_id, false);
  }
  if (!*found || (!query.deep && (*found)->status != OrderStatus::resting)) return unknown(query.client_id);
  const auto made = report(**found);
  if (!made) return broken(made.error());
  return *made;
}

Kept<OrderReport> Store::cancel(const schemas::CancelOrder& cancel) {
  Transaction transaction(database_);
  if (!transaction.begun()) return broken(transaction.begun().error());
  auto found = standing(cancel.client_id);
  if (!found) return broken(found.error());
  if (!*found) {
    if (!book_.properties.tombstones || !is_client_id(cancel.client_id)) return unknown(cancel.client_id);
    auto made = bar(cancel.client_id);
    if (!made) return made;
    if (const auto done = transaction.commit(); !done) return broken(done.error());
    return made;
  }
  Order& order = **found;
  if (order.status == OrderStatus::resting) {
    const Market* traded = market(order.symbol);
    if (traded == nullptr) return refuse(fmt::format("{}: this venue no longer trades it", order.symbol));
    order.status = OrderStatus::cancelled;
    const auto ended = end_order(order, *traded, OrderStatus::cancelled, "");
    if (!ended) return broken(ended.error());
  }
  const auto made = report(order);
  if (!made) return broken(made.error());
  if (const auto done = transaction.commit(); !done) return broken(done.error());
  return *made;
}

Sql<std::optional<Store::Bar>> Store::last_bar(const std::string& symbol) {
  Prepared query = database_.prepare("SELECT opens_us, open_e8, filled FROM bars WHERE symbol = ?");
  const auto row = query.bind(std::string_view(symbol)).step();
  if (!row) return machines::fail(row.error());
  if (!*row) return std::optional<Bar>();
  return std::optional<Bar>(
      {machines::Instant{query.number(0)}, machines::Price{query.number(1)}, static_cast<int>(query.number(2))});
}

Kept<schemas::BarTaken> Store::open_bar(const schemas::OpenBar& bar) {
  const Market* traded = market(bar.symbol);
  if (traded == nullptr) return refuse(fmt::format("unknown_symbol: {} is not traded here", bar.symbol));
  if (bar.open.e8 <= 0) return refuse("bad_price: an open must be positive");
  Transaction transaction(database_);
  if (!transaction.begun()) return broken(transaction.begun().error());
  const auto last = last_bar(bar.symbol);
  if (!last) return broken(last.error());
  if (*last && (*last)->opens_at == bar.opens_at) {
    if ((*last)->open == bar.open) return schemas::BarTaken{bar.opens_at, (*last)->filled};
    return refuse("bar_conflict: this bar was taken with another open");
  }
  if (*last && (*last)->opens_at > bar.opens_at) return refuse("bar_in_the_past: a later bar was taken");

  const auto resting = orders("status = 'resting' AND symbol = ?", bar.symbol);
  if (!resting) return broken(resting.error());
  const auto matches = match_all(*resting, *traded, bar);
  if (!matches) return broken(matches.error());
  int filled = 0;
  for (std::size_t i = 0; i < resting->size(); ++i) {
    const Match& matched = (*matches)[i];
    if (const auto done = apply((*resting)[i], *traded, matched); !done) return broken(done.error());
    filled += std::holds_alternative<Filled>(matched) ? 1 : 0;
  }
  if (const auto saved = save_bar(bar, filled); !saved) return broken(saved.error());
  if (const auto done = transaction.commit(); !done) return broken(done.error());
  return schemas::BarTaken{bar.opens_at, filled};
}

// Fees in coins are for all of a bar's fills or for none of them: otherwise the last coins would go by who came first.
Sql<std::vector<Match>> Store::match_all(const std::vector<Order>& resting, const Market& traded,
                                         const schemas::OpenBar& bar) {
  Int128 coins = 0;
  const auto all_in = [&](const Market& market) {
    std::vector<Match> matches;
    for (const Order& order : resting) {
      const Amount left(spent_asset(market, order.side).id, order.remaining);
      matches.push_back(match(book_.rules, market, {order.side, left, order.placed_at, order.fills}, bar));
      const auto* filled = std::get_if<Filled>(&matches.back());
      if (filled != nullptr && !filled->fill.fee_asset.empty()) coins += filled->fill.fee;
    }
    return matches;
  };
  auto matches = all_in(traded);
  if (traded.fees.in != FeesIn::coin || coins == 0) return matches;
  const auto free = available(traded.fees.coin.code);
  if (!free) return machines::fail(free.error());
  return *free >= coins ? matches : all_in(with_fees_in_quote(traded));
}

Sql<Int128> Store::available(const std::string& asset) {
  Prepared query = database_.prepare("SELECT total, reserved FROM balances WHERE asset = ?");
  const auto row = query.bind(asset).step();
  if (!row) return machines::fail(row.error());
  if (!*row) return Int128{0};
  const Int128 free = query.whole(0) - query.whole(1);
  if (!query.sound())
    return machines::fail(SqlError{fmt::format("the venue store's balance of {} can't be read", asset)});
  return free;
}

Sql<bool> Store::apply(const Order& order, const Market& traded, const Match& matched) {
  if (const auto* dropped = std::get_if<Dropped>(&matched))
    return end_order(order, traded, OrderStatus::cancelled, dropped->reason);
  if (const auto* filled = std::get_if<Filled>(&matched)) return book_fill(order, traded, *filled);
  return true;
}

Sql<bool> Store::book_fill(const Order& order, const Market& traded, const Filled& filled) {
  const schemas::Fill& fill = filled.fill;
  auto done = database_.prepare("INSERT INTO fills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
                  .bind(order.number)
                  .bind(static_cast<std::int64_t>(fill.number))
                  .bind(fill.at.us)
                  .bind(fill.price.e8)
                  .bind(fill.base)
                  .bind(fill.quote)
                  .bind(fill.fee)
                  .bind(static_cast<std::int64_t>(fill.is_maker))
                  .bind(fill.fee_asset)
                  .run();
  if (!done) return done;
  done = database_.prepare("UPDATE orders SET fills = ?, remaining = ? WHERE number = ?")
             .bind(static_cast<std::int64_t>(fill.number))
             .bind(filled.left.minor())
             .bind(order.number)
             .run();
  if (!done) return done;
  const std::string& spent_code = spent_asset(traded, order.side).code;
  for (const auto& [asset, change] : changes_of(traded.instrument, order.side, fill)) {
    const Int128 released = asset == spent_code ? filled.left.minor() - order.remaining : 0;
    if (done = change_balance(asset, change, released); !done) return done;
  }
  if (!filled.complete) return done;
  Order rest = order;
  rest.remaining = filled.left.minor();
  return end_order(rest, traded, OrderStatus::filled, "");
}

// Gives back what is still reserved.
Sql<bool> Store::end_order(const Order& order, const Market& traded, OrderStatus status, std::string_view reason) {
  const auto done = database_.prepare("UPDATE orders SET status = ?, reason = ? WHERE number = ?")
                        .bind(machines::name_of(status))
                        .bind(reason)
                        .bind(order.number)
                        .run();
  if (!done) return done;
  return change_balance(spent_asset(traded, order.side).code, 0, -order.remaining);
}

Sql<bool> Store::change_balance(const std::string& asset, Int128 total, Int128 reserved) {
  Prepared query = database_.prepare("SELECT total, reserved FROM balances WHERE asset = ?");
  const auto row = query.bind(asset).step();
  if (!row) return row;
  const Int128 total_after = query.whole(0) + total;
  const Int128 reserved_after = query.whole(1) + reserved;
  if (!*row || !query.sound() || !machines::Amount::in_range(total_after) || reserved_after < 0 ||
      reserved_after > total_after)
    return machines::fail(SqlError{fmt::format("the venue store's balance of {} can't change by {}, reserved by {}",
                                               asset, machines::to_text(total), machines::to_text(reserved))});
  return database_.prepare("UPDATE balances SET total = ?, reserved = ? WHERE asset = ?")
      .bind(total_after)
      .bind(reserved_after)
      .bind(asset)
      .run();
}

Sql<bool> Store::save_bar(const schemas::OpenBar& bar, int filled) {
  return database_.prepare("INSERT OR REPLACE INTO bars VALUES (?, ?, ?, ?)")
      .bind(std::string_view(bar.symbol))
      .bind(bar.opens_at.us)
      .bind(bar.open.e8)
      .bind(static_cast<std::int64_t>(filled))
      .run();
}

Kept<bool> Store::Round::commit() {
  const auto done = transaction_.commit();
  if (!done) return broken(done.error());
  return true;
}

Kept<schemas::Statement> Store::statement() {
  Prepared query = database_.prepare("SELECT asset, total FROM balances ORDER BY asset");
  schemas::Statement made;
  auto row = query.step();
  for (; row && *row; row = query.step()) made.lines.push_back({query.text(0), query.whole(1)});
  if (!row) return broken(row.error());
  if (!query.sound()) return broken(SqlError{"the venue store's balances can't be read"});
  if (const auto foreign = read_foreign(made); !foreign) return broken(foreign.error());
  return made;
}

Kept<Turn> Store::count(Request on, const std::string& client_id) {
  Transaction transaction(database_);
  if (!transaction.begun()) return broken(transaction.begun().error());
  Turn turn;
  for (auto [key, count] : {std::pair{std::string(), &turn.of_venue}, std::pair{client_id, &turn.of_order}}) {
    Prepared upsert = database_.prepare(
        "INSERT INTO requests VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count");
    const auto row = upsert.bind(machines::name_of(on)).bind(std::string_view(key)).step();
    if (!row) return broken(row.error());
    *count = upsert.number(0);
    if (const auto done = upsert.run(); !done) return broken(done.error());
  }
  if (const auto done = transaction.commit(); !done) return broken(done.error());
  return turn;
}

}  // namespace workers::venues::paper
