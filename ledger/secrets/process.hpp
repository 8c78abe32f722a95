// ledger/secrets/process.hpp: what a process does before it holds a secret: no core file is ever written of it, and no
// other process of the same user may look into its memory.
#pragma once

#include "ledger/secrets/secret.hpp"

namespace ledger::secrets {

// For the rest of this process's life; programs that it starts are as dumpable as ever, without core files.
// Errors: unusable, when the kernel will not.
Secretly<machines::Nothing> forbid_dumps();

}  // namespace ledger::secrets
