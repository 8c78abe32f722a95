// brokers/dispatch/rules.hpp: what a broker is told about its work: times, sizes, and the rules for which jobs go
// first, which owner gets how much, and how much of what may go out at all. Plain values.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "brokers/dispatch/retry.hpp"
#include "machines/core/ids.hpp"

namespace brokers::dispatch {

// Which jobs a rule is about; an empty word is any.
struct Match {
  std::string kind, command;
  [[nodiscard]] bool fits(const std::string& job_kind, const std::string& job_command) const {
    return (kind.empty() || kind == job_kind) && (command.empty() || command == job_command);
  }
};

// A kind in one version of its table.
using Machine = std::pair<std::string, int>;
inline Machine machine_of(const machines::LeasedJob& job) { return {job.kind, job.machine_version}; }

// Whose budget a limit is: one for each venue account, venue or owner, or one for all jobs that match.
enum class Per { account, venue, owner, all };

// Where a job's outside call goes. Known for jobs whose limit asks for it.
struct Place {
  std::string venue, account;
  auto operator<=>(const Place&) const = default;
};

struct Limit {
  std::string name;
  Match match;
  std::string venue, account;  // empty: any
  Per per = Per::account;
  std::int64_t most_in_flight = 0;  // 0: no such limit
  std::int64_t rate = 0;            // jobs per period; 0: no such limit
  std::int64_t period_us = 1'000'000;
  std::int64_t burst = 1;  // of the rate: so many may leave at once after a pause
  // Whether the limit can't be applied without knowing where the job goes.
  [[nodiscard]] bool needs_place() const {
    return per == Per::account || per == Per::venue || !venue.empty() || !account.empty();
  }
};

struct Priority {
  Match match;
  int level = 0;  // higher goes first
};

struct Deadline {
  Match match;
  std::int64_t us = 0;  // in flight longer than this: taken from the worker
};

struct Rules {
  std::int64_t heartbeat_us = 1'000'000;  // asked of workers
  std::int64_t ttl_us = 3'000'000;        // silence after which a worker's leases pass on
  std::int64_t safety_poll_us = 200'000;  // claim although no hint came
  int claim_limit = 256;                  // jobs per shard and claim
  int message_jobs = 100;                 // jobs per ASSIGN
  int few_jobs = 16;                      // so few go to one worker together: one round trip
  int most_lone_deaths = 5;               // consecutive deaths of a worker that ran the job alone
  RetryRules retry = {};                  // per class of error
  std::int64_t unknown_kind_ms = 1'000;   // until a job that no worker here can do is looked at again
  std::uint64_t seed = 1;
  // ---- who goes first, and who gets how much
  std::map<machines::OwnerId, int> weights = {};  // jobs per turn; an owner not named: 1
  std::vector<Priority> priorities = {};          // the first that fits counts; none: level 0
  int urgent_run = 64;                            // so many of a higher level, then lower ones get a turn ...
  int lower_turn = 8;                             // ... of so many
  int fair_owners = 64;                           // owners of a shard that a claim looks at when it is full, in turn
  int fair_jobs = 8;                              // of each of them, or of each urgent command
  // ---- how much may go out
  std::vector<Limit> limits = {};
  // Jobs of one owner and command that wait here for one limit, or for credit for outside calls; more go back until
  // their turn, or for a while.
  int most_limited = 512;
  std::int64_t outside_wait_ms = 1'000;
  std::vector<Deadline> deadlines = {};  // the first that fits counts; none: as long as the worker lives
};

}  // namespace brokers::dispatch
