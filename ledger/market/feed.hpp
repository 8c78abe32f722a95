// ledger/market/feed.hpp: what is replayed into a ledger, and how far it has come, as a row. No throw.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ledger/store/connection.hpp"
#include "machines/core/instant.hpp"

namespace ledger::market {

struct FeedCursor {
  std::string file, sha256;
  std::string import;  // what the reader said about the file, as text that it writes and reads
  machines::Instant played_to{0};
  bool finished = false;
  std::int64_t elapsed_us = 0;
};

// The one cursor; an empty list on a ledger that none was opened for. Errors: the connection's.
Stored<std::vector<FeedCursor>> read_cursor(Connection& connection);

// Names the file that this ledger is fed from. A cursor that stands already stays as it is. Errors: the connection's.
Stored<bool> open_cursor(Connection& connection, const std::string& file, const std::string& sha256,
                         const std::string& import);

// How far the feed has come. Durable before it returns. Errors: the connection's.
Stored<bool> save_feed(Connection& connection, machines::Instant played_to, bool finished, std::int64_t elapsed_us);

}  // namespace ledger::market
