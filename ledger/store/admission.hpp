// ledger/store/admission.hpp: the question whether a server that answers is the one that this process may work on.
// After a failover an old primary may come back, and a standby that lagged may have been promoted: both answer, and
// neither is the truth.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ledger/store/connection.hpp"

namespace ledger {

// Why this server is not to be used, in one sentence; nothing when it may be. Errors: the connection's.
using Admission = std::function<Stored<std::optional<std::string>>(Connection&)>;

// Asked of each new session of this process before its first call; a session that is not admitted is closed, and the
// next host of the connection string gets its turn. Where none is left, connecting fails as `unavailable` with the
// objection's words: a caller that waits with back-off goes on waiting. REQUIRES: called before other threads connect.
// `admission` may be asked by several threads.
void admit_by(Admission admission);

}  // namespace ledger
