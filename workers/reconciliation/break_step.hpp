// workers/reconciliation/break_step.hpp: what a pass over a venue's statement and a person's explanation share: the
// sleeves on a venue account, a break's moves put together with the cycle's, and the commit of a step that answers no
// job. No throw.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/books/reconciliation.hpp"
#include "ledger/books/treasury.hpp"
#include "ledger/store/connection.hpp"
#include "machines/core/step.hpp"
#include "machines/reconciliation/decide.hpp"

namespace workers::reconciliation {

inline constexpr std::string_view break_kind = "break";

// A sleeve on the venue account, with its position and its live cycle.
struct Position {
  ledger::books::Sleeve sleeve;
  machines::Int128 quote = 0, base = 0;  // available
  machines::InstanceId cycle{0};         // 0: none lives
  std::string cycle_state;               // "" where none lives
  machines::AccountId fee_payer{0};      // the vault's account of the sleeve's fee asset; 0 where there is none
  machines::Int128 fee_funds = 0;
};
// The sleeves of all vaults on this venue account. Errors: the connection's.
ledger::Stored<std::vector<Position>> positions_on(ledger::Connection& connection, const std::string& venue,
                                                   const std::string& account);

// A step of this owner, of now, with nothing in it yet. Errors: the connection's; refused for an unknown owner.
struct StepContext {
  int shard = 0;
  std::int64_t epoch = 0;
  machines::Step step;
};
ledger::Stored<StepContext> ground_for(ledger::Connection& connection, machines::OwnerId owner);
// Commits the one step. Errors: the connection's; in doubt the step's key tells whether it stands.
ledger::Stored<machines::StepResult> commit_alone(ledger::Connection& connection, const StepContext& ground);

// Adds the break's move and its postings to the step. `version`: of the break before the move; 0: this is its birth, of
// this sleeve.
void add_break_move(machines::Step& step, const machines::reconciliation::Step& move, machines::Subject instance,
                    std::int64_t version, machines::SleeveId sleeve = {0});

// The sleeve's cycle learns in the same step that some of its position was sold, or went for nothing. REQUIRES: the
// step's postings are all there. Says why it can't be; empty when it is done.
ledger::Stored<std::string> add_outside_sale(ledger::Connection& connection, machines::Step& step,
                                             const Position& position, const machines::OrderSummary& sold);

}  // namespace workers::reconciliation
