// workers/venues/paper/store_by_hand.cpp: what a person does on the exchange, past this program's orders.
#include <fmt/format.h>

#include "machines/core/names.hpp"
#include "workers/venues/paper/order_row.hpp"
#include "workers/venues/paper/store.hpp"

namespace workers::venues::paper {

using machines::Amount;
using machines::Int128;
using schemas::HandTrade;
using schemas::HandTransfer;
using schemas::Side;
using schemas::Statement;

Sql<std::optional<HandTrade>> Store::hand_trade(const std::string& id) {
  Prepared query = database_.prepare("SELECT symbol, side, size, at_us FROM hand_trades WHERE id = ?");
  const auto row = query.bind(id).step();
  if (!row) return machines::fail(row.error());
  if (!*row) return std::optional<HandTrade>();
  const auto side = machines::from_name<Side>(query.text(1));
  HandTrade found{id, query.text(0), side.value_or(Side::buy), query.whole(2), {query.number(3)}};
  if (!side || !query.sound())
    return machines::fail(SqlError{fmt::format("the venue store's hand trade {} can't be read", id)});
  return std::optional(std::move(found));
}

Sql<std::optional<HandTransfer>> Store::hand_transfer(const std::string& id) {
  Prepared query = database_.prepare("SELECT asset, amount, at_us FROM hand_transfers WHERE id = ?");
  const auto row = query.bind(id).step();
  if (!row) return machines::fail(row.error());
  if (!*row) return std::optional<HandTransfer>();
  HandTransfer found{id, query.text(0), query.whole(1), {query.number(2)}};
  if (!query.sound())
    return machines::fail(SqlError{fmt::format("the venue store's hand transfer {} can't be read", id)});
  return std::optional(std::move(found));
}

Kept<Statement> Store::trade_by_hand(const HandTrade& trade) {
  if (trade.id.empty()) return refuse("bad_id: a trade by hand needs an id");
  Transaction transaction(database_);
  if (!transaction.begun()) return broken(transaction.begun().error());
  const auto standing = hand_trade(trade.id);
  if (!standing) return broken(standing.error());
  if (*standing && **standing != trade)
    return refuse(fmt::format("id_conflict: {} stands for another trade", trade.id));
  if (!*standing)
    if (const auto done = insert(trade); !done) return machines::fail(done.error());
  auto made = statement();
  if (!made) return made;
  if (const auto done = transaction.commit(); !done) return broken(done.error());
  return made;
}

Kept<bool> Store::insert(const HandTrade& trade) {
  const Market* traded = market(trade.symbol);
  if (traded == nullptr) return refuse(fmt::format("unknown_symbol: {} is not traded here", trade.symbol));
  if (trade.size <= 0) return refuse("bad_size: a trade needs a positive size");
  const auto bar = last_bar(trade.symbol);
  if (!bar) return broken(bar.error());
  if (!*bar) return refuse(fmt::format("no_price: no bar of {} has opened yet", trade.symbol));
  if (trade.at < (*bar)->opens_at) return refuse("bar_in_the_past: a later bar was taken");
  const machines::Asset& spent = spent_asset(*traded, trade.side);
  const auto free = available(spent.code);
  if (!free) return broken(free.error());
  if (*free < trade.size)
    return refuse(fmt::format("insufficient_funds: {} {} are free", machines::format({spent.id, *free}, spent.scale),
                              spent.code));
  const schemas::OpenBar open{trade.symbol, trade.at, (*bar)->open};
  const Amount size(spent.id, trade.size);
  Match matched = match_by_hand(*traded, trade.side, size, open);
  if (const auto* filled = std::get_if<Filled>(&matched); filled != nullptr && traded->fees.in == FeesIn::coin) {
    const auto coins = available(traded->fees.coin.code);
    if (!coins) return broken(coins.error());
    if (*coins < filled->fill.fee) matched = match_by_hand(with_fees_in_quote(*traded), trade.side, size, open);
  }
  const auto* filled = std::get_if<Filled>(&matched);
  if (filled == nullptr) return refuse(std::string(std::get<Dropped>(matched).reason));
  if (const auto done = book_by_hand(trade, *traded, filled->fill); !done) return broken(done.error());
  return true;
}

Sql<bool> Store::book_by_hand(const HandTrade& trade, const Market& traded, const schemas::Fill& fill) {
  const auto kept = database_
                        .prepare(
                            "INSERT INTO hand_trades (id, symbol, side, size, at_us, base, quote, fee, fee_asset) "
                            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
                        .bind(trade.id)
                        .bind(trade.symbol)
                        .bind(machines::name_of(trade.side))
                        .bind(trade.size)
                        .bind(trade.at.us)
                        .bind(fill.base)
                        .bind(fill.quote)
                        .bind(fill.fee)
                        .bind(fill.fee_asset)
                        .run();
  if (!kept) return kept;
  for (const auto& [asset, change] : changes_of(traded.instrument, trade.side, fill))
    if (const auto done = change_balance(asset, change, 0); !done) return done;
  return true;
}

Kept<Statement> Store::transfer_by_hand(const HandTransfer& transfer) {
  if (transfer.id.empty()) return refuse("bad_id: a transfer by hand needs an id");
  Transaction transaction(database_);
  if (!transaction.begun()) return broken(transaction.begun().error());
  const auto standing = hand_transfer(transfer.id);
  if (!standing) return broken(standing.error());
  if (*standing && **standing != transfer)
    return refuse(fmt::format("id_conflict: {} stands for another transfer", transfer.id));
  if (!*standing)
    if (const auto done = insert(transfer); !done) return machines::fail(done.error());
  auto made = statement();
  if (!made) return made;
  if (const auto done = transaction.commit(); !done) return broken(done.error());
  return made;
}

Kept<bool> Store::insert(const HandTransfer& transfer) {
  Prepared query = database_.prepare("SELECT total, scale FROM balances WHERE asset = ?");
  const auto known = query.bind(transfer.asset).step();
  if (!known) return broken(known.error());
  if (!*known) return refuse(fmt::format("unknown_asset: the account knows no {}", transfer.asset));
  if (transfer.amount == 0) return refuse("bad_amount: a transfer needs an amount");
  const auto free = available(transfer.asset);
  if (!free) return broken(free.error());
  if (*free + transfer.amount < 0)
    return refuse(fmt::format("insufficient_funds: {} {} are free",
                              machines::format({{}, *free}, static_cast<int>(query.number(1))), transfer.asset));
  if (!Amount::in_range(query.whole(0) + transfer.amount)) return refuse("too_much: no balance holds that many");
  const auto kept = database_.prepare("INSERT INTO hand_transfers (id, asset, amount, at_us) VALUES (?, ?, ?, ?)")
                        .bind(transfer.id)
                        .bind(transfer.asset)
                        .bind(transfer.amount)
                        .bind(transfer.at.us)
                        .run();
  if (!kept) return broken(kept.error());
  if (const auto done = change_balance(transfer.asset, transfer.amount, 0); !done) return broken(done.error());
  return true;
}

Sql<bool> Store::read_foreign(Statement& into) {
  Prepared query = database_.prepare(
      "SELECT id, symbol, at_us, side, base, quote, fee, fee_asset FROM hand_trades ORDER BY at_us, number");
  auto row = query.step();
  for (; row && *row; row = query.step()) {
    const auto side = machines::from_name<Side>(query.text(3));
    into.foreign.push_back({query.text(0),
                            query.text(1),
                            {query.number(2)},
                            side.value_or(Side::buy),
                            query.whole(4),
                            query.whole(5),
                            query.whole(6),
                            query.text(7)});
    if (!side || !query.sound()) return machines::fail(SqlError{"the venue store's hand trades can't be read"});
  }
  return row;
}

}  // namespace workers::venues::paper
