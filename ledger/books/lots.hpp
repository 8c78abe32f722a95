// ledger/books/lots.hpp: what a Bookkeeper knows of one sleeve's coins while its days go by. Internal to ledger/books.
#pragma once

#include <map>
#include <vector>

#include "ledger/books/bookkeeper.hpp"

namespace ledger::books {

// The lots of one sleeve while its days go by.
struct Bookkeeper::Lots {
  // What an explanation did, to be undone: the coins with their cost, in both books.
  struct Explained {
    Kind kind;
    Int128 base_in, quote_in;
    machines::costs::Lot coins, paid_coins;
    Int128 realised, closed_fees;  // of a sale
  };
  machines::costs::Book book;
  machines::costs::Book paid;  // the same without what other vaults paid
  std::vector<Trade>::const_iterator next;
  bool sound = true;                                                 // they are what the fills make of them
  std::map<machines::InstanceId, std::vector<Explained>> explained;  // by break; the last is undone first

  // Coins come back into both books. Errors: as costs::Book::put(); the caller calls the lots unsound then.
  machines::costs::Costed<machines::Nothing> put(const machines::costs::Lot& coins,
                                                 const machines::costs::Lot& paid_coins, machines::Instant at) {
    const auto both = book.put(coins, at);
    return both ? paid.put(paid_coins, at) : both;
  }
};

}  // namespace ledger::books
