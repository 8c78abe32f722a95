// machines/reconciliation/decide.hpp: what a statement differs by, and what becomes of a difference. The comparison is
// here and not in ledger/books because it needs no database: what a wallet should hold comes in as plain sums. Pure, no
// throw.
#pragma once

#include <string>
#include <vector>

#include "machines/core/sleeve.hpp"
#include "machines/reconciliation/reconciliation.hpp"

namespace machines::reconciliation {

// One asset of one wallet.
struct Line {
  Amount statement;    // what the venue says
  Amount ledger;       // what vaults and sleeves have there
  Amount quarantined;  // found before, and not explained: positive where the venue had more
};

// statement - ledger - quarantined: the difference that is in no break yet, positive where the venue has more. Errors:
// asset_mismatch, overflow.
AmountResult difference(const Line& line);

// A posting, by its key.
struct PostingKey {
  InstanceId instance{0};
  std::int64_t version = 0;
  std::int32_t leg = 0;
  constexpr auto operator<=>(const PostingKey&) const = default;
};

// deposit, withdrawal: a person brought coins to the venue or took them: the vault's. trade: a person sold a sleeve's
// position. fee, error: the sleeve bears it, or has it.
enum class Explanation { deposit, withdrawal, trade, fee, error };

// An explanation that stands: `part` came to `place` (positive), or went from there. Of a sale: the break of its other
// side, and the cycle that learnt of it.
struct Done {
  std::string as, sleeve;
  AccountId place;
  Amount part;
  InstanceId with{0}, cycle{0};
  bool operator==(const Done&) const = default;
};

struct Data {
  std::string venue, account;
  std::int64_t statement = 0;            // that showed it
  Amount amount, rest;                   // positive: the venue has more; of that, not explained
  Amount statement_total, ledger_total;  // when it was found; the second with what was in quarantine
  AccountId external, quarantine;
  std::string person;                // who is to explain it
  std::string who, why;              // of the last step
  std::string explained_as, sleeve;  // of the last explanation
  std::vector<std::string> fills;    // the venue's ids of trades that it stands for
  std::vector<PostingKey> corrects;  // by the last step's postings, leg by leg
  std::vector<Done> done;            // what explains it now, oldest first
};

// What an explanation may take coins from, or bring them to.
struct Facts {
  InstanceId instance;
  Data data;
  AccountId place;  // the vault's reserve, or the sleeve's account of the break's asset
  Amount available;
};

enum class Refusal {
  no_such_row,
  not_positive,
  wrong_direction,  // a deposit of coins that are missing, a withdrawal of coins that came
  above_rest,
  above_available,
  no_counterpart,  // a sale has coins gone and others come, of one wallet
  overflow,
  nothing_done  // nothing explains it
};

struct Step {
  Event event;
  State from, to;
  Command then;
  Data data;
  std::vector<Posting> postings;
};

// The birth of a break: the coins too many come into quarantine, those missing go out of it. REQUIRES: data.amount is
// the difference, not 0.
Step found(Data data);

// A sale that was made on our account and not by this house, as the venue reports it: one fill.
struct Sale {
  Amount base, quote;
  Amount fee_quote, fee_base, fee_other;
  AccountId fee_payer{0};  // the vault's, for fee_other; 0 where no vault holds that asset
  Amount fee_funds;        // on it
};
// The birth of a break that the venue explains: the sleeve's base is sold, its fee paid; what the vault lacks of a fee
// in a third asset comes out of suspense, for a venue's fact is never refused. REQUIRES: the sleeve has base for the
// sale and the fee.
Step booked(Data data, const SleeveAccounts& accounts, const Sale& sale);

// `part` of the rest, a positive number of coins: out of quarantine to `place`, or from there. Refusals, in this order:
// no_such_row, not_positive, wrong_direction, above_rest, above_available.
Result<Step, Refusal> explain_coins(State state, const Facts& facts, Explanation as, Amount part);

// Both sides of a sale at once, at the statement: a part of the rest of both, so that the coins of several sleeves are
// sold one after the other. The postings are the first step's. Refusals, in this order: no_such_row, no_counterpart,
// not_positive, above_rest, above_available.
struct Sides {
  Step base, quote;
};
Result<Sides, Refusal> explain_sale(State base_state, const Facts& base, State quote_state, const Facts& quote,
                                    Amount base_part, Amount quote_part);

// The last explanation that stands is taken back, by a posting the other way: what it explained is left to explain
// again. REQUIRES: facts.place is that explanation's. Refusals, in this order: no_such_row, nothing_done,
// above_available (what came there has gone since).
Result<Step, Refusal> take_back(State state, const Facts& facts);

// hand_over: `person` is to explain the break from now on. finish: an explained break is closed. Neither has postings.
// Refusals: no_such_row (only an open break is handed over, only an explained one closed).
Result<Step, Refusal> hand_over(State state, const Data& data, std::string person);
Result<Step, Refusal> finish(State state, const Data& data);

}  // namespace machines::reconciliation
