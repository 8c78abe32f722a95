// ledger/audit/verify.hpp: the independent auditor: everything is computed again from history, in named passes, and the
// first bad row is named. The work is cut into slices, each in a short snapshot of its own, over as many connections as
// the machine has cores; writers may go on. What does not come to its end is "incomplete", never "ok". Nothing repairs
// itself. Reads only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ledger/audit/head.hpp"
#include "ledger/store/connection.hpp"

namespace ledger::audit {

struct Verdict {
  bool ok = false;
  bool complete = false;
  bool stopped = false;       // VerifyOptions::stopped ended it before its end
  std::string pass, problem;  // the first bad row, when not ok; where it stopped and why, when not complete
  std::int64_t transitions = 0, postings = 0, links = 0;
  std::vector<std::string> asked;         // the passes, in their order
  std::vector<std::string> left_to_full;  // the passes that only a full verification asks, or asks of all of history
  std::vector<Head> heads;  // as they were when it began: what an ok vouches for, and what a checkpoint may sign
};

struct VerifyOptions {
  int connections = 0;           // 0: as many as the machine has cores, 16 at most
  std::int64_t slice = 200'000;  // rows of one slice, roughly
  std::function<void(const std::string& pass, std::int64_t done, std::int64_t of)> progress;  // one thread at a time
  std::function<bool()> stopped;  // asked between slices, from any thread: true ends it as incomplete
  bool is_house = false;  // a ledger of the machines that ship: every transition is a row of one of their tables
};

// All of history. Errors: the connection's, with how far it had come; what stood until then is not a verdict.
Stored<Verdict> verify(Connection& connection, const VerifyOptions& options = {});
// What came after these heads, which were verified and signed; then all that stands, as it stands: sums,
// limits, holds, accounts, live instances, heads. The chain must hold every one of these heads. Errors: as above.
Stored<Verdict> verify_since(Connection& connection, const std::vector<Head>& verified,
                             const VerifyOptions& options = {});
// SHA-256 over the sorted posting lines (DESIGN 2): what two runs are compared by.
Stored<std::string> digest(Connection& connection);

}  // namespace ledger::audit
