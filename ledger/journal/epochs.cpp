#include "ledger/journal/epochs.hpp"

namespace ledger::journal {
namespace {

constexpr SqlStatement epochs_statement = {
    "epochs_of",
    "SELECT o.shard, h.epoch, c.epoch + g.epoch FROM ledger.owner o JOIN ledger.shard h ON h.id = o.shard "
    "JOIN ledger.control c ON c.owner = o.id JOIN ledger.control g ON g.owner = 0 WHERE o.id = $1",
    false};
constexpr SqlStatement world_statement = {"world_now", "SELECT ledger.world_now()", false};

}  // namespace

Stored<std::optional<OwnerEpochs>> epochs_of(Connection& connection, machines::OwnerId owner) {
  const auto rows = connection.call(epochs_statement, Parameters().add(std::int64_t{owner.value}));
  if (!rows) return machines::fail(rows.error());
  if (rows->empty()) return std::optional<OwnerEpochs>();
  return std::optional(OwnerEpochs{static_cast<int>(rows->number(0, 0)), rows->number(0, 1), rows->number(0, 2)});
}

Stored<machines::Instant> world_now(Connection& connection) {
  const auto rows = connection.call(world_statement);
  if (!rows) return machines::fail(rows.error());
  return machines::Instant{rows->number(0, 0)};
}

}  // namespace ledger::journal
