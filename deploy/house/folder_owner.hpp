// deploy/house/folder_owner.hpp: whether a data folder belongs to a database that was named by --dsn. A folder that
// was not named is the default one, and a house on another database may live there: its checkpoints, keys and sockets
// say nothing of this one.
#pragma once

#include <string>

#include "deploy/house/ledger_place.hpp"
#include "ledger/store/connection.hpp"

namespace deploy {

// Why the default folder is another database's, in one sentence that ends with what to do. Empty: the folder was named
// by --data-dir, or the database by the folder; or the folder remembers no database, or this one (by its name, or by a
// link of its audit chain: a database that was renamed does not lose its memory). Empty too where the database, or the
// folder's memory, can't be read: the next call that uses it says so.
std::string why_of_another(const LedgerPlace& place, ledger::Connection& connection);

}  // namespace deploy
