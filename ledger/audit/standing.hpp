// ledger/audit/standing.hpp: what must stand as it was made and is in no digest: the deployment's name, settings, bars
// and their file; and the definitions (functions, triggers, constraints, indexes, columns, grants) of the schemas.
// Their hashes are put into the audit chain once, and after each migration, as an intervention; verification compares.
#pragma once

#include "ledger/store/connection.hpp"

namespace ledger::audit {

// Records what stands, where the chain does not hold it for the newest migration. True: it did so now. REQUIRES: the
// owner's role; the owner 1 is open. Errors: the connection's.
Stored<bool> record_standing(Connection& connection);

// Names the first thing that is not what the chain says; nothing where the chain holds no record yet.
SqlStatement definitions_statement();

}  // namespace ledger::audit
