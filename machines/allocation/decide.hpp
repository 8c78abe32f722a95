// machines/allocation/decide.hpp: whether a movement fits, and its postings. Pure, no throw.
#pragma once

#include <string>
#include <vector>

#include "machines/allocation/allocation.hpp"
#include "machines/core/sleeve.hpp"

namespace machines::allocation {

// fund: from outside into the vault, `amount` tradeable and `reserve` not. allocate: vault to sleeve. reclaim: sleeve
// to vault.
enum class Movement { fund, allocate_to_sleeve, reclaim };

struct Data {
  Movement movement = Movement::fund;
  Amount amount;   // quote
  Amount reserve;  // fund only
  std::string who, why;
  std::string reason;                            // why it was refused
  AccountId external, vault_reserve, tradeable;  // the vault's accounts
};

struct Facts {
  Data data;
  AccountId sleeve_quote;  // allocate and reclaim
  Amount tradeable_available, sleeve_available;
  bool sleeve_has_cycle = false;
};

enum class Refusal { no_such_row, not_positive };

struct Step {
  Event event;
  State from, to;
  Command then;
  Data data;
  std::vector<Posting> postings;
  bool starts_cycle = false;  // the sleeve's first cycle is to be born with this step
};

// A movement that does not fit (above what is tradeable, above what the sleeve has) goes to `refused` with a reason: it
// is audited. Refusals, in this order: no_such_row, not_positive.
Result<Step, Refusal> decide(State state, const Facts& facts);

}  // namespace machines::allocation
