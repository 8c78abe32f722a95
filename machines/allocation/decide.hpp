// machines/allocation/decide.hpp: whether a movement fits, and its postings. Pure, no throw.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machines/allocation/allocation.hpp"
#include "machines/core/sleeve.hpp"
#include "machines/policy/reserve.hpp"

namespace machines::allocation {

// fund: from outside into the vault, `amount` tradeable and `reserve` not. allocate_to_sleeve: vault to sleeve.
// reclaim: sleeve to vault. elect: from what is not at risk to Tradeable Coins. release: back.
enum class Movement { fund, allocate_to_sleeve, reclaim, elect, release };

struct Data {
  Movement movement = Movement::fund;
  Amount amount;   // quote
  Amount reserve;  // fund only
  std::string who, why;
  std::string reason;                            // why it was refused
  AccountId external, vault_reserve, tradeable;  // the vault's accounts
};

// What the ledger said when the movement was read; amounts in minor units of the vault's asset.
struct Facts {
  Data data;
  AccountId sleeve_quote;  // allocate and reclaim
  Amount tradeable_available, sleeve_available;
  bool sleeve_has_cycle = false;
  Amount sleeve_allocation;               // what the vault has given it so far
  Amount reserve_available, vault_total;  // not at risk; all the vault's coins
  policy::Reserve reserve;                // which of them must stay
  Frozen frozen = Frozen::nothing;
};

enum class Refusal { no_such_row, not_positive };

struct Step {
  Event event;
  State from, to;
  Command then;
  Data data;
  std::vector<Posting> postings;
  std::optional<Amount> allocation;  // what the sleeve's own machine keeps from now on
  bool starts_cycle = false;         // the sleeve's first cycle is to be born with this step
};

// A movement that does not fit (above what is tradeable, what the sleeve has, what the reserve leaves, or in a freeze)
// goes to `refused` with a reason and no posting: it is audited. What a sleeve has in an open position can't be
// reclaimed; what is allocated meanwhile takes part in the next buy. A step that settles has one posting at least.
// REQUIRES: all amounts are of the vault's asset; sums of what the vault has fit an Amount. Refusals, in this order:
// no_such_row (a movement is decided once), not_positive.
Result<Step, Refusal> decide(State state, const Facts& facts);

}  // namespace machines::allocation
