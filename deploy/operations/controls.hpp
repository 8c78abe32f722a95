// deploy/operations/controls.hpp: what stops by a person's word: pause and resume (no new buys in a scope, or no
// dispatch of a kind or an instance), freeze and unfreeze (nothing leaves). They take effect before they return: no
// decision that did not know commits after them. Never prints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "deploy/operations/asker.hpp"
#include "deploy/operations/error.hpp"
#include "ledger/books/vaults.hpp"

namespace deploy::operations {

using ledger::books::ControlView;

struct ControlArgs {
  std::string owner = "default", scope, name, why;  // all, owner, venue, vault, sleeve; kind, instance
  std::string level = "entries+transfers";          // of a freeze; or all
};

// What has left, or may have, and a stop came too late for.
struct InFlight {
  std::int64_t machine = 0;
  std::string state;
  std::string kind, command;  // of a job whose lease a halt has left
  std::string sleeve, side;   // of an order on its way
};

// What became of one owner's part.
struct Imposed {
  std::string what;          // as a person reads it: "the sleeve quiet of default"
  bool changed = false;      // false: it was so already
  std::int64_t machine = 0;  // the intervention that the history keeps; 0: none
  bool halts = false;        // it stops dispatch, of a kind or an instance; else buys
  std::vector<InFlight> in_flight = {};
  std::optional<ControlView> standing = {};  // of a freeze that changed nothing: the one in its way, if it still is
};

// Owner by owner. Where `cut_short` is set, those before it stand.
struct Imposition {
  std::vector<Imposed> done;
  std::optional<Error> cut_short;
};

// Errors: usage (no `why`, a level that is none), not_found (no such owner, scope, kind or instance: the text lists
// those there are), and those of store_error(). Nothing was done then.
Outcome<Imposition> pause(const LedgerPlace& place, const Asker& who, const ControlArgs& args);
Outcome<Imposition> resume(const LedgerPlace& place, const Asker& who, const ControlArgs& args);
// Of all of an owner: `scope` and `name` are not read.
Outcome<Imposition> freeze(const LedgerPlace& place, const Asker& who, const ControlArgs& args);
Outcome<Imposition> unfreeze(const LedgerPlace& place, const Asker& who, const ControlArgs& args);

// What is in force, oldest first. Errors: those of store_error().
Outcome<std::vector<ControlView>> controls(const LedgerPlace& place);

}  // namespace deploy::operations
