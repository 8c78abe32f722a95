// ledger/audit/alarm.hpp: what follows a bad row: every owner it may concern is frozen, so that nothing leaves until a
// person has looked. And what stands frozen, told.
#pragma once

#include <string>
#include <vector>

#include "ledger/audit/verify.hpp"

namespace ledger::audit {

// Freezes (level all), in the name of `who`, the owner that the problem names, or everybody where it names none that
// exists. Returns the names of those who are frozen now, whether by this or before. Errors: the connection's; the first
// owners may be frozen.
Stored<std::vector<std::string>> freeze_for(Connection& connection, const Verdict& verdict, const std::string& who);
// One sentence for each freeze in force: of whom, by whom and why. Errors: the connection's.
Stored<std::vector<std::string>> frozen_now(Connection& connection);
// "one, two: nothing leaves until ..."; for people.
std::string frozen_text(const std::vector<std::string>& owners);

}  // namespace ledger::audit
