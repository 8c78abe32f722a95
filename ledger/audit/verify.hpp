// ledger/audit/verify.hpp: the independent auditor: everything is computed again from history, in named passes, and the
// first bad row is named. An interrupted verification is "incomplete", never "ok". Nothing repairs itself. Reads only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "ledger/store/connection.hpp"

namespace ledger::audit {

struct Verdict {
  bool ok = false;
  bool complete = false;
  std::string pass, problem;  // the first bad row, when not ok
  std::int64_t transitions = 0, postings = 0, links = 0;
};

// `progress(pass, done, of)` is called before each pass. Errors: the connection's; what stood until then is not a
// verdict.
Stored<Verdict> verify(Connection& connection, const std::function<void(const std::string&, int, int)>& progress = {});
// SHA-256 over the sorted posting lines (DESIGN 2): what two runs are compared by.
Stored<std::string> digest(Connection& connection);

}  // namespace ledger::audit
