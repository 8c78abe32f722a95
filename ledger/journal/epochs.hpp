// ledger/journal/epochs.hpp: what a step of an owner names beside its moves, read where no job brings it along: the
// commands of people, openings and reconciliation. I/O: one round trip a call.
#pragma once

#include <cstdint>
#include <optional>

#include "ledger/store/connection.hpp"
#include "machines/core/ids.hpp"
#include "machines/core/instant.hpp"

namespace ledger::journal {

// The shard that commits the owner's steps and its fencing epoch; and the epoch of pauses and freezes, of this owner
// and of all together. A commit under others is refused as stale_epoch: nothing stands then, and they are read again.
struct OwnerEpochs {
  int shard = 0;
  std::int64_t epoch = 0, control_epoch = 0;
};

// Nothing where there is no such owner. Errors: the connection's.
Stored<std::optional<OwnerEpochs>> epochs_of(Connection& connection, machines::OwnerId owner);

// World time as far as it has come; 0 on an empty ledger. Errors: the connection's.
Stored<machines::Instant> world_now(Connection& connection);

}  // namespace ledger::journal
