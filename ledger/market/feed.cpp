#include "ledger/market/feed.hpp"

namespace ledger::market {
namespace {

constexpr SqlStatement feed_statement = {"set_feed",
                                         "INSERT INTO ledger.feed (instrument, file, sha256, import, played_to) VALUES "
                                         "(1, $1, $2, $3, 0) ON CONFLICT DO NOTHING"};

}  // namespace

Stored<std::vector<FeedCursor>> read_cursor(Connection& connection) {
  const auto rows = connection.call(
      {"read_feed",
       "SELECT file, sha256, import, played_to, finished, elapsed_us FROM ledger.feed WHERE instrument = 1", false});
  if (!rows) return machines::fail(rows.error());
  std::vector<FeedCursor> feeds;
  feeds.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    feeds.push_back({std::string(rows->text(row, 0)),
                     std::string(rows->text(row, 1)),
                     std::string(rows->text(row, 2)),
                     {rows->number(row, 3)},
                     rows->flag(row, 4),
                     rows->number(row, 5)});
  return feeds;
}

Stored<bool> open_cursor(Connection& connection, const std::string& file, const std::string& sha256,
                         const std::string& import) {
  const auto rows = connection.call(feed_statement, Parameters().add(file).add(sha256).add(import));
  if (!rows) return machines::fail(rows.error());
  return true;
}

Stored<bool> save_feed(Connection& connection, machines::Instant played_to, bool finished, std::int64_t elapsed_us) {
  const auto rows = connection.call(
      {"save_feed", "UPDATE ledger.feed SET played_to = $1, finished = $2, elapsed_us = $3 WHERE instrument = 1"},
      Parameters().add(played_to.us).add_bool(finished).add(elapsed_us));
  if (!rows) return machines::fail(rows.error());
  return true;
}

}  // namespace ledger::market
