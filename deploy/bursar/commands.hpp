// deploy/bursar/commands.hpp: the commands that only look: status, machine list|show|history|diagram, ledger balances.
// Each prints for people, or one JSON object with --json, and returns the exit code.
#pragma once

#include <cstdint>
#include <string>

#include "deploy/house/ledger_place.hpp"
#include "ledger/store/error.hpp"

namespace deploy {

struct Where : LedgerPlace {
  bool json = false;
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
