// deploy/house/ledger_place.hpp: where the ledger is that a command or a process of the house works on.
#pragma once

#include <string>

#include "deploy/house/data_folder.hpp"

namespace deploy {

// The folder and the database, and how each of them was named.
struct LedgerPlace {
  Layout layout;
  std::string dsn;
  bool by_folder = true;         // the database is the data folder's own; false: --dsn named it
  bool house_may_run = true;     // false: no house serves this folder now
  bool folder_is_named = false;  // by --data-dir; else it is the default one, which may be another database's
};

}  // namespace deploy
