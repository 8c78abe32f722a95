// workers/venues/paper/store.hpp: what the paper venue knows, in one SQLite file of its own: orders by client id
// (unique over all orders for ever), fills, the last bar of each symbol, balances. Each call is one durable
// transaction: after it returns, a kill loses nothing; the calls of a Round are durable together. No throw. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "workers/venues/paper/faults.hpp"
#include "workers/venues/paper/matching.hpp"
#include "workers/venues/paper/sqlite.hpp"

namespace workers::venues::paper {

// What the account held before the first order.
struct StartingBalance {
  machines::Asset asset;
  machines::Amount amount;
};

struct Book {
  PaperRules rules;
  std::vector<Market> markets;
  std::vector<StartingBalance> starting;  // an asset of a market that is not named here starts at 0
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

class Store {
 public:
  // Opens or creates the file. Errors (all broken): another program's file, another version's, damaged, in use, other
  // starting balances than it was made with, books that don't add up.
  static Kept<Store> open(const std::string& path, Book book);

  // An id that stands already for the same order gives that order's report with `duplicate` set. What the venue does
  // not take is kept as rejected: unknown_symbol, bad_size, below_minimum, drawn_reject, insufficient_funds, or
  // `told_to_reject` where told. Errors: refused for an id that is no 32 hex digits or stands for another order.
  Kept<schemas::OrderReport> place(const schemas::PlaceOrder& order, bool told_to_reject = false);
  // not_found also for an order that no longer rests, unless the query is deep.
  Kept<schemas::OrderReport> query(const schemas::QueryOrder& query);
  // An order that no longer rests is reported as it is.
  Kept<schemas::OrderReport> cancel(const schemas::CancelOrder& cancel);
  // Fills what rests of the symbol. The same bar again changes nothing and gets the same answer. An order that the bar
  // drops is reported as cancelled with the reason. Errors: refused for an unknown symbol, a price <= 0, a bar before
  // the last one, or the last one with another price.
  Kept<schemas::BarTaken> open_bar(const schemas::OpenBar& bar);
  // By asset code. Every total is the start plus what fills brought, less what they took and their fees.
  Kept<schemas::Statement> statement();
  // Counts a request, durably.
  Kept<Turn> count(Request on, const std::string& client_id);

  // Calls until commit() become durable together, there: nobody may be answered before. Dropped without it, none stood.
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
  Sql<bool> prepare_balances();
  Sql<bool> prepare_balance(const StartingBalance& starting);
  Sql<bool> check_symbols();
  Sql<bool> verify();
  Sql<std::vector<Order>> orders(std::string_view condition, const std::string& value);
  Sql<schemas::OrderReport> report(const Order& order, bool duplicate = false);
  Sql<std::string> refusal_of(const schemas::PlaceOrder& order, bool told_to_reject);
  Sql<bool> insert(const schemas::PlaceOrder& order, const std::string& refusal);
  Sql<bool> apply(const Order& order, const Market& market, const Match& match);
  Sql<bool> book_fill(const Order& order, const Market& market, const Filled& filled);
  Sql<bool> end_order(const Order& order, const Market& market, schemas::OrderStatus status, std::string_view reason);
  Sql<bool> change_balance(const machines::Asset& asset, machines::Int128 total, machines::Int128 reserved);
  Sql<std::optional<Bar>> last_bar(const std::string& symbol);
  Sql<bool> save_bar(const schemas::OpenBar& bar, int filled);

  Database database_;
  Book book_;
};

}  // namespace workers::venues::paper
