// ledger/model/verify.hpp: the independent look at the model's rows: everything computed again from transitions and
// postings, and the digest that two runs are compared by. Pure, no throw.
#pragma once

#include <string>
#include <string_view>

#include "ledger/model/rows.hpp"

namespace ledger::model {

// The first difference between history and what the rows say, in words; empty when there is none. Checks instances
// (gapless versions, each from where the last one arrived), postings (of a transition, balanced by shape), entries and
// accounts (running counters), holds (resolved at most once, by at most what they reserved), sums and limits.
std::string verify(const Rows& rows);

// One line of the digest (DESIGN 2): world_us|kind|debit path|credit path|asset code|amount minor|code, line feed.
std::string posting_line(machines::Instant world_at, machines::PostingKind kind, std::string_view debit_path,
                         std::string_view credit_path, std::string_view asset_code, Int128 amount,
                         std::string_view code);
// SHA-256 in hexadecimal over the lines of all postings, sorted bytewise.
std::string digest(const Rows& rows);

}  // namespace ledger::model
