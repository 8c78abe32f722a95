// ledger/export/export.hpp: the ledger as a plain-text journal, so that a tool that is not ours checks our books. Every
// posting that moved posted counters becomes a transaction: kinds `single` and `post`, and no other, since a hold moves
// pending counters only and a void gives those back. Its date is the UTC day of its world time.
//
// Each day on which an account has entries ends with an assertion of its balance, read from the running counters of
// ledger.entry and never summed from what is exported: so the tool checks our entries against our postings. Where a
// step was committed later for an earlier day, the counters never stood at that day's end; then the assertion comes on
// the next day at whose end they did, which the last day always is.
//
// Reads only, in one snapshot and in bounded chunks: memory does not grow with the ledger. The same ledger gives the
// same bytes. No exception leaves it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "ledger/store/connection.hpp"

namespace ledger::exports {

enum class Format { hledger, beancount };

struct Written {
  std::int64_t transactions = 0, assertions = 0, accounts = 0, bytes = 0;
};

// Takes the next bytes; false: it can take no more, and keeps the reason itself.
using Sink = std::function<bool(std::string_view)>;

enum class Cause {
  store,   // see `store`; a new export may succeed
  sink,    // the sink said no
  digits,  // `text` names an amount with more digits than the tool computes with: the other format takes it
};
struct ExportError {
  Cause cause = Cause::store;
  StoreError store;
  std::string text;
};

// Writes the whole ledger to the sink, piece by piece, and counts what was written. Errors: as above; what the sink
// took until then is no journal.
machines::Result<Written, ExportError> write_journal(Connection& connection, Format format, const Sink& sink);

}  // namespace ledger::exports
