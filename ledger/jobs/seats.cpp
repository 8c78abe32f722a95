#include "ledger/jobs/seats.hpp"

#include <charconv>

#include "machines/core/check.hpp"

namespace ledger::jobs {
namespace {

// Each may be sent again: a seat that was taken twice replaces itself, the rest is idempotent. So: no doubt.
constexpr SqlStatement take_statement = {"take_seat", "SELECT ledger.take_seat($1, $2, $3, $4)", false};
constexpr SqlStatement hold_statement = {"hold_shards", "SELECT * FROM ledger.hold_shards($1, $2)", false};
constexpr SqlStatement give_up_statement = {"give_up_shards", "SELECT ledger.give_up_shards($1, $2)", false};
constexpr SqlStatement leave_statement = {"leave_seat", "SELECT ledger.leave_seat($1)", false};
constexpr SqlStatement all_statement = {"seats", "SELECT * FROM ledger.seats()", false};

template <class Number>
std::vector<Number> numbers_of(std::string_view literal) {
  std::vector<Number> numbers;
  for (const auto& item : array_items(literal)) {
    CHECK(item.has_value());
    Number number{};
    const auto read = std::from_chars(item->data(), item->data() + item->size(), number);
    CHECK(read.ec == std::errc{});
    numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

Stored<std::int64_t> Seats::take(const std::string& broker, const std::string& endpoint, const std::string& public_key,
                                 std::int64_t ttl_ms) {
  const auto rows =
      connection_.call(take_statement, Parameters().add(broker).add(endpoint).add(public_key).add(ttl_ms));
  if (!rows) return machines::fail(rows.error());
  return rows->number(0, 0);
}

Stored<Holding> Seats::hold(std::int64_t seat, std::int64_t ttl_ms) {
  const auto rows = connection_.call(hold_statement, Parameters().add(seat).add(ttl_ms));
  if (!rows) return machines::fail(rows.error());
  Holding holding;
  holding.seated = rows->flag(0, 0);
  const auto shards = numbers_of<int>(rows->text(0, 1));
  const auto epochs = numbers_of<std::int64_t>(rows->text(0, 2));
  CHECK(shards.size() == epochs.size());
  for (std::size_t at = 0; at < shards.size(); ++at) holding.epochs[shards[at]] = epochs[at];
  holding.live = numbers_of<int>(rows->text(0, 3));
  holding.surplus = static_cast<int>(rows->number(0, 4));
  return holding;
}

Stored<bool> Seats::give_up(std::int64_t seat, std::span<const int> shards) {
  ArrayText array;
  for (const int shard : shards) array.add(shard);
  const auto rows = connection_.call(give_up_statement, Parameters().add(seat).add(array));
  if (!rows) return machines::fail(rows.error());
  return rows->number(0, 0) == static_cast<std::int64_t>(shards.size());
}

Stored<bool> Seats::leave(std::int64_t seat) {
  const auto rows = connection_.call(leave_statement, Parameters().add(seat));
  if (!rows) return machines::fail(rows.error());
  return rows->flag(0, 0);
}

Stored<std::vector<SeatView>> Seats::all() {
  const auto rows = connection_.call(all_statement);
  if (!rows) return machines::fail(rows.error());
  std::vector<SeatView> seats;
  seats.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    seats.push_back({std::string(rows->text(row, 0)), std::string(rows->text(row, 1)), std::string(rows->text(row, 2)),
                     rows->number(row, 3), numbers_of<int>(rows->text(row, 4))});
  return seats;
}

}  // namespace ledger::jobs
