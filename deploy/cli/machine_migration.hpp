// deploy/cli/machine_migration.hpp: `bursar machine migrate`: instances go to another version of their machine by an
// explicit map of states. Each is one transition `migrated` in the history and in the audit chain, all or nothing; a
// dry run counts and changes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "deploy/cli/context.hpp"
#include "ledger/store/connection.hpp"
#include "machines/catalog/catalog.hpp"
#include "schemas/config/state_map.hpp"

namespace deploy {

struct MachineMigration {
  std::string kind;
  int from = 1, to = 2;
  std::string map_file, why;
  std::int64_t instance = 0;  // 0: all that live
  bool dry_run = false;
};

struct MigrationCount {
  std::string from_state, to_state;
  std::int64_t live = 0, moved = 0;
};

struct Migrated {
  std::vector<MigrationCount> counts;
  std::int64_t in_flight = 0, moved_on = 0;  // left as they are: leased now; changed while this ran
  std::string refusal;                       // why nothing was done; empty: it was, or would be
};

// Between versions that `known` has. Errors: of the ledger; what was moved before stays moved, and the same order goes
// on from there.
ledger::Stored<Migrated> migrate_machines(ledger::Connection& connection, const machines::catalog::Catalog& known,
                                          const MachineMigration& order, const schemas::config::StateMap& map,
                                          const std::string& who);

int migrate_machines(const CommandContext& context, const MachineMigration& order);

}  // namespace deploy
