// deploy/operations/vaults.hpp: vaults and sleeves: looking at them, opening them, and moving coins between a vault's
// reserve, its Tradeable Coins and its sleeves. Never prints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "deploy/operations/asker.hpp"
#include "deploy/operations/error.hpp"
#include "ledger/books/vaults.hpp"
#include "machines/allocation/decide.hpp"
#include "schemas/config/config.hpp"

namespace deploy::operations {

using ledger::books::VaultView;

struct VaultArgs {
  std::string owner = "default", name, venue = "paper", account = "main", asset;  // of a vault
  std::string sleeve, kind, pair;                                                 // of a sleeve
  std::string amount, why;                                                        // whole coins: "1500", "0.25"
  std::string reserve = "none", least = "5", most = "20";                         // in percent
};

// What became of coins that were to move.
struct MovedCoins {
  VaultView vault;                  // as it was before
  machines::InstanceId machine{0};  // of the movement; 0: the vault is so already, and nothing was ordered
  machines::allocation::Movement movement = machines::allocation::Movement::elect;
  machines::Amount amount;
  bool settled = false;               // false, and not refused: nobody has done it yet, and the job waits
  std::optional<Error> refused = {};  // with the limit that stands in its way; the history keeps it
  std::string reason = {};            // of the refusal, as the ledger keeps it
};

// All of them, by owner and id. Errors: those of store_error(), as with all below.
Outcome<std::vector<VaultView>> vaults(const LedgerPlace& place);
// Errors: not_found, with the names there are.
Outcome<VaultView> vault(const LedgerPlace& place, const std::string& owner, const std::string& name);

// A vault for one asset of one account. Errors: usage (a name, an asset or a reserve that can't be; no `why`),
// not_found (the venue), exists (the name, or the wallet's vault).
Outcome<VaultView> create_vault(const LedgerPlace& place, const Asker& who, const VaultArgs& args);
// A sleeve in a vault, by the rules of the first sleeve of its kind in the configuration. Errors: usage (also a
// pair that is quoted in another asset), not_found (vault, pair), exists.
Outcome<VaultView> create_sleeve(const LedgerPlace& place, const Asker& who, const VaultArgs& args,
                                 const schemas::config::Config& config);

// Tradeable Coins are `amount` from now on; coins of a sleeve, `amount` more or less. Waits ten seconds at most for a
// house that runs. Errors: usage (an amount that is none, no `why`), not_found (vault, sleeve). What the limits forbid
// is a value, for the history keeps it.
Outcome<MovedCoins> set_tradeable(const LedgerPlace& place, const Asker& who, const VaultArgs& args);
Outcome<MovedCoins> allocate(const LedgerPlace& place, const Asker& who, const VaultArgs& args);
Outcome<MovedCoins> reclaim(const LedgerPlace& place, const Asker& who, const VaultArgs& args);

}  // namespace deploy::operations
