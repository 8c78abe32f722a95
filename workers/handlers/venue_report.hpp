// workers/handlers/venue_report.hpp: a venue's report held against the order that it should be of. What can't be one of
// this order books nothing. Pure, no throw.
#pragma once

#include <string>

#include "ledger/books/treasury.hpp"
#include "machines/order/decide.hpp"
#include "schemas/codec/messages.hpp"

namespace workers::handlers {

// Why a report books nothing. `may_pass`: the venue may know more in a moment (a fill that is missing so far);
// otherwise no later word makes it right.
struct ReportTrouble {
  std::string reason;  // for a person: what is wrong with it
  bool may_pass = false;
};

// The fills that the order has not booked yet, summed up in its own assets. Fills count from 1 without a gap; one that
// is reported twice alike counts once. Those that are booked must still add up to what was booked. Troubles, in this
// order: another client id, symbol, side or size; a number below 1; one number for two fills; an amount that is not
// positive or out of range; a fee in an asset that the sleeve has no account for; a number that is missing (may pass);
// booked fills that are not there (may pass) or differ; `filled` without a new fill.
machines::Result<machines::order::NewFills, ReportTrouble> new_fills(const machines::order::Data& data,
                                                                     const std::string& client_id,
                                                                     const schemas::OrderReport& report,
                                                                     const ledger::books::Sleeve& sleeve);

}  // namespace workers::handlers
