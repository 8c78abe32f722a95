// ledger/books/read_daily_books.hpp: the DailyBooks of a whole ledger, read in one snapshot and in chunks. Reads only;
// borrows its connection. Memory grows with days and fills, not with postings.
#pragma once

#include "ledger/books/daily_books.hpp"
#include "ledger/store/connection.hpp"

namespace ledger::books {

// The books of all days up to the last movement, entry or mark. Marks are the sound closes that have been played. A
// ledger that does not add up is no error: its days name the breaks. Errors: the connection's.
Stored<DailyBooks> read_statement(Connection& connection, machines::costs::Basis basis);

}  // namespace ledger::books
