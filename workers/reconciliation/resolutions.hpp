// workers/reconciliation/resolutions.hpp: what a person said became of an order (`bursar order resolve`) against what
// the venue says once it can be asked again. The same word confirms it; another one overrules it, and what differs is
// found by the statement and waits in quarantine. I/O: the ledger, and the venue as the caller asks it. No throw.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ledger/books/treasury.hpp"
#include "ledger/store/connection.hpp"
#include "machines/order/decide.hpp"
#include "machines/resolution/resolution.hpp"
#include "schemas/codec/messages.hpp"

namespace workers::reconciliation {

inline constexpr std::string_view resolution_kind = "resolution";

// A resolution that waits for the venue's word.
struct Resolution {
  machines::OwnerId owner;
  machines::InstanceId id;
  std::int64_t version = 0;
  machines::resolution::Data data;
  machines::order::Data order;  // as the person's word left it
  machines::SleeveId sleeve;
  std::string venue, account;
  std::int64_t age_s = 0;    // by the wall's clock
  std::int64_t wall_us = 0;  // PostgreSQL's wall clock as it was read, microseconds since the epoch
};
// Oldest first. Errors: the connection's.
ledger::Stored<std::vector<Resolution>> open_resolutions(ledger::Connection& connection);

// Asks the venue about an order by its client id; `cancel`: has it cancelled there, so that nothing of it can come any
// more. The error says why there is no answer.
using AskOrder =
    std::function<machines::Result<schemas::OrderReport, std::string>(const std::string& client_id, bool cancel)>;

// The venue's word about one.
struct Heard {
  Resolution of;
  enum class Word { none, same, other } word = Word::none;
  std::string text;  // the venue's word; why there is none
};
// Asks about each resolution of this venue account, oldest first. What rests at the venue, or is not known there, is
// cancelled first.
ledger::Stored<std::vector<Heard>> hear(ledger::Connection& connection, const std::string& venue,
                                        const std::string& account, const AskOrder& ask);
// What the venue has of it, held against the books. "Not found" is no word as long as a request of the order may still
// be taken there. Pure.
Heard judge(Resolution of, const schemas::OrderReport& report, const ledger::books::Sleeve& sleeve);

// "order 17, not_placed by ann: the venue says: filled ..."
std::string text_of(const Heard& heard);
// Records the venue's word as a step: confirmed, or overruled. False: another process has done so first. REQUIRES:
// there is a word. Errors: the connection's.
ledger::Stored<bool> settle(ledger::Connection& connection, const Heard& heard);

}  // namespace workers::reconciliation
