// workers/venues/paper/store.hpp: what the paper venue knows, in one SQLite file of its own: orders by client id
// (unique for ever or among open orders, as its book says), the ids that are barred, fills, what people did past them,
// the last bar of each symbol, balances. Each call is one durable transaction: after it returns, a kill loses nothing;
// the calls of a Round are durable together. No throw. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "workers/venues/paper/faults.hpp"
#include "workers/venues/paper/matching.hpp"
#include "workers/venues/paper/sqlite.hpp"
#include "workers/venues/properties.hpp"

namespace workers::venues::paper {

// What the account held before the first order.
struct StartingBalance {
  machines::Asset asset;
  machines::Amount amount;
};

struct Book {
  PaperRules rules;
  std::vector<Market> markets;
  std::vector<StartingBalance> starting;  // an asset that is traded or pays fees and is not named here starts at 0
  // How the venue treats ids and deadlines. A file keeps those that it was made with, but for the times.
  VenueProperties properties = {};
  // Nothing, or what is wrong.
  [[nodiscard]] std::string validate() const;
};

// refused: the request is wrong, the store stands as before. broken: the store can't serve; end the process.
enum class StoreFailure { refused, broken };
struct StoreError {
  StoreFailure failure = StoreFailure::broken;
  std::string text;  // one line: what, where, what to do
};
template <class T>
using Kept = machines::Result<T, StoreError>;

// Why nothing of this order is taken at this moment of the venue's wall clock, or "": deadline_passed, or
// deadline_too_far (more than 60 s away). "" always where no deadline is enforced, and of an order that names none. For
// who answers to ask before place(): the store has no clock.
std::string refused_by_deadline(const VenueProperties& properties, const schemas::PlaceOrder& order,
                                std::int64_t venue_us);

class Store {
 public:
  // Opens or creates the file; one of an earlier version is brought up to this one, at once or not at all. Errors (all
  // broken): another program's file, a later version's, damaged, in use, other starting balances or other rules of ids
  // and deadlines than it was made with, books that don't add up. (Files of before version 3 were made for ids for
  // ever.)
  static Kept<Store> open(const std::string& path, Book book);

  // Reports carry the order that stands under the id, never venue_us: the time is for who answers.
  // An id that stands already for the same order gives that order's report with `duplicate` set; where ids are unique
  // among open orders only, an id whose order has ended makes a second order. Of two the reports are of the open one,
  // else of the newer. A barred id is reported as cancelled, barred_before_it_came, as a duplicate. What the venue does
  // not take is kept as rejected: unknown_symbol, bad_size, below_minimum, drawn_reject, insufficient_funds, or
  // `told_to_reject` where told. Errors: refused for an id that is no 32 hex digits or stands for another order.
  Kept<schemas::OrderReport> place(const schemas::PlaceOrder& order, bool told_to_reject = false);
  // not_found also for an order that no longer rests, unless the query is deep.
  Kept<schemas::OrderReport> query(const schemas::QueryOrder& query);
  // An order that no longer rests is reported as it is. An unknown id (32 hex digits) is barred for ever, durably,
  // where the venue keeps tombstones, and reported as cancelled, barred_before_it_came; else not_found.
  Kept<schemas::OrderReport> cancel(const schemas::CancelOrder& cancel);
  // Fills what rests of the symbol. Where the account lacks coins for the fees of all these fills, the fees of all of
  // them are taken in quote, as exchanges do. The same bar again changes nothing and gets the same answer. An order
  // that the bar drops is reported as cancelled with the reason. Errors: refused for an unknown symbol, a price <= 0, a
  // bar before the last one, or the last one with another price.
  Kept<schemas::BarTaken> open_bar(const schemas::OpenBar& bar);
  // By asset code. Every total is the start plus what fills and transfers brought, less what they took and the fees.
  // One snapshot, between two requests: its totals hold exactly the fills up to then, ours and the foreign ones that it
  // lists. It may know fills that the ledger has not learnt yet, and never lacks one that was reported: a
  // caller that compares asks while no order of ours is open, or books the open orders' fills first, then asks again.
  Kept<schemas::Statement> statement();
  // A person's market order, filled at once at the last open of its symbol, fees as ever. The same id again changes
  // nothing. Errors: refused for an empty id or one of another trade, an unknown symbol, a size <= 0, before the first
  // bar or at a time before the last one, below_minimum, unpriceable, insufficient_funds.
  Kept<schemas::Statement> trade_by_hand(const schemas::HandTrade& trade);
  // Coins from outside, or to it. The same id again changes nothing. Errors: refused for an empty id or one of another
  // transfer, an unknown asset, no amount, more than is free (insufficient_funds) or than fits (too_much).
  Kept<schemas::Statement> transfer_by_hand(const schemas::HandTransfer& transfer);
  // Counts a request, durably.
  Kept<Turn> count(Request on, const std::string& client_id);

  // Calls until commit() become durable together, there: no request may be answered before. Dropped without it, none
  // stood.
  class Round {
   public:
    explicit Round(Store& store) : transaction_(store.database_) {}
    Kept<bool> commit();

   private:
    Transaction transaction_;
  };

 private:
  struct Order;
  struct Bar {
    machines::Instant opens_at;
    machines::Price open;
    int filled = 0;  // how many orders it filled
  };
  Store(Database database, Book book) : database_(std::move(database)), book_(std::move(book)) {}
  [[nodiscard]] const Market* market(const std::string& symbol) const;
  Sql<bool> prepare_file(const std::string& path);
  Sql<bool> raise_file(const std::string& path, std::int64_t version);
  Sql<bool> prepare_properties(const std::string& path);
  Sql<bool> prepare_balances();
  Sql<bool> prepare_balance(const StartingBalance& starting);
  Sql<bool> check_symbols();
  Sql<bool> verify();
  Sql<std::vector<Order>> orders(std::string_view condition, const std::string& value);
  Sql<std::optional<Order>> standing(const std::string& client_id);
  Sql<bool> is_barred(const std::string& client_id);
  Kept<schemas::OrderReport> bar(const std::string& client_id);
  Sql<schemas::OrderReport> report(const Order& order, bool duplicate = false);
  Sql<std::string> refusal_of(const schemas::PlaceOrder& order, bool told_to_reject);
  Sql<bool> insert(const schemas::PlaceOrder& order, const std::string& refusal);
  Sql<bool> apply(const Order& order, const Market& market, const Match& match);
  Sql<bool> book_fill(const Order& order, const Market& market, const Filled& filled);
  Sql<bool> end_order(const Order& order, const Market& market, schemas::OrderStatus status, std::string_view reason);
  Sql<std::vector<Match>> match_all(const std::vector<Order>& resting, const Market& market,
                                    const schemas::OpenBar& bar);
  Sql<machines::Int128> available(const std::string& asset);
  Sql<bool> change_balance(const std::string& asset, machines::Int128 total, machines::Int128 reserved);
  Sql<std::optional<schemas::HandTrade>> hand_trade(const std::string& id);
  Sql<std::optional<schemas::HandTransfer>> hand_transfer(const std::string& id);
  Kept<bool> insert(const schemas::HandTrade& trade);
  Kept<bool> insert(const schemas::HandTransfer& transfer);
  Sql<bool> book_by_hand(const schemas::HandTrade& trade, const Market& market, const schemas::Fill& fill);
  Sql<bool> read_foreign(schemas::Statement& into);
  Sql<std::optional<Bar>> last_bar(const std::string& symbol);
  Sql<bool> save_bar(const schemas::OpenBar& bar, int filled);

  Database database_;
  Book book_;
};

}  // namespace workers::venues::paper
