// deploy/bursar/commands.hpp: the commands that only look: status, machine list|show|history|diagram, ledger balances.
// Each prints for people, or one JSON object with --json, and returns the exit code.
#pragma once

#include <cstdint>
#include <string>

#include "deploy/bursar/layout.hpp"
#include "ledger/store/error.hpp"

namespace deploy {

struct Where {
  Layout layout;
  std::string dsn;
  bool json = false;
  bool by_folder = true;         // the database is the data folder's own; false: --dsn named it
  bool house_may_run = true;     // false: nobody serves this folder now
  bool folder_is_named = false;  // by --data-dir; else it is the default one, which may be another database's
};

// Says what can't be read, why, and what to do; returns 1.
int failed(const Where& where, const std::string& what, const ledger::StoreError& error);

// Says what can't be meant, in one line; returns 2.
int wrong(const std::string& text);

// Ready jobs that nobody has taken for longer than this are named.
int show_status(const Where& where, std::int64_t stuck_after_s);
int list_machines(const Where& where, bool all, int limit);
int show_machine(const Where& where, std::int64_t id);
int show_history(const Where& where, std::int64_t id);
int show_diagram(const std::string& kind);
int show_balances(const Where& where);

}  // namespace deploy
