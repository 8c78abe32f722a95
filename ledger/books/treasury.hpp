// ledger/books/treasury.hpp: the sleeves of all owners with their accounts, instruments and rules. These rows never
// change once made; a reader may keep them and looks again when it meets a sleeve that it does not know. Borrows its
// connection.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "ledger/store/connection.hpp"
#include "machines/core/sleeve.hpp"

namespace ledger::books {

struct Sleeve {
  machines::OwnerId owner;
  machines::SleeveId id;
  std::string name, symbol, strategy;  // strategy: the rules as JSON (schemas/codec/data.hpp)
  machines::SleeveKind kind = machines::SleeveKind::quiet;
  machines::SleeveAccounts accounts;
  machines::Instrument instrument;
  machines::Asset fee_asset;  // the third one that the venue may take fees in; id 0 where there is none
};

using Sleeves = std::map<std::pair<machines::OwnerId, machines::SleeveId>, Sleeve>;

// Every sleeve, by owner and id. Errors: the connection's.
Stored<Sleeves> read_sleeves(Connection& connection);
// The deployment's name, 16 hex digits: the first half of every client order id. Errors: the connection's. REQUIRES:
// the schema is there.
Stored<std::string> read_deployment(Connection& connection);

}  // namespace ledger::books
