// workers/reconciliation/reconciler.hpp: one comparison of a venue account's statement with the ledger. What the venue
// knows of trades that are none of ours is booked on the sleeve that held the coins; what is left over goes to
// quarantine as breaks, one per asset. May be repeated, killed and run twice at once: a fill is claimed once for ever,
// and the database takes a difference only if the ledger then equals the statement. An order that a person resolved is
// asked about first: where the venue says otherwise, the breaks name it. No throw.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "workers/reconciliation/break_step.hpp"
#include "workers/reconciliation/resolutions.hpp"

namespace workers::reconciliation {

// The venue's statement now, or in one sentence why there is none.
using AskStatement = std::function<machines::Result<ledger::books::SeenStatement, std::string>()>;

struct VenueAccount {
  std::string venue = "paper", account = "main";
};

struct Reconciled {
  struct Line {
    machines::Asset asset;
    machines::Int128 statement = 0, ledger = 0, quarantined = 0, difference = 0;
  };
  struct Booked {
    std::string fill, sleeve, symbol;
    machines::InstanceId instance;
    bool closed = false;  // the whole position
  };
  std::string silent;          // not empty: the venue gave no statement, for this reason, and nothing was compared
  bool still = true;           // false: orders were in flight all the time, or the ledger moved; no break was made
  std::int64_t statement = 0;  // the one that was compared
  std::vector<Line> lines;     // by asset, as compared
  std::vector<Booked> booked;  // trades of others that the venue explained
  std::vector<machines::InstanceId> found;  // new breaks
  std::vector<Heard> heard;                 // orders that a person resolved: what the venue says of them now
  std::vector<ledger::books::SeenStatement::Line> unknown;  // coins of assets that no vault or sleeve of ours holds
};

struct Reconciling {
  VenueAccount at;
  std::string who, person;                    // who asked for this; who is to explain the breaks that it finds
  std::chrono::milliseconds patience{5'000};  // for orders in flight to end before nothing is decided
  AskOrder ask_order = {};                    // empty: the venue is not asked about orders that a person resolved
};

// Asks for the statement, keeps it, books what the venue explains, and makes a break of each difference that is left;
// nothing is decided while orders are in flight for longer than `patience`. Errors: the connection's. In doubt, or
// killed: run it again.
ledger::Stored<Reconciled> reconcile(ledger::Connection& connection, const Reconciling& how, const AskStatement& ask);

}  // namespace workers::reconciliation
