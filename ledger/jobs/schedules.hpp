// ledger/jobs/schedules.hpp: schedules and their firings as rows: what the configuration declared, what has fired, what
// waits to be performed. Each call is one transaction; one that is in doubt may be asked again, and does nothing twice.
// Knows no cron: times come in. I/O: one round trip a call. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ledger/store/connection.hpp"
#include "ledger/store/error.hpp"
#include "machines/core/ids.hpp"
#include "machines/core/instant.hpp"

namespace ledger::jobs {

struct Schedule {
  machines::OwnerId owner;
  std::string owner_name, name;
  std::string does, cron, zone, overlap, catch_up;
  bool is_on = true;         // false: the configuration names it no more
  machines::Instant last;    // all times up to then have been fired, or were missed for good
  std::int64_t open = 0;     // firings that have not ended
  machines::Instant oldest;  // the time of the first of them
};

// A firing that is to be performed now, by the process that took it.
struct Firing {
  machines::OwnerId owner;
  machines::InstanceId machine;  // 0: none
  std::string schedule, does;
  machines::Instant at;
};

// A firing as a person sees it.
struct FiringView {
  machines::Instant at;
  machines::InstanceId machine;
  std::string state;  // due, running, done, failed, skipped
  std::string who, why, outcome;
  std::int64_t took_ms = 0;  // so far, where it runs
};

struct Fired {
  machines::InstanceId machine;  // 0: nothing was fired, and `state` says why: unknown, replaying, moved_on
  std::string state;
};

class Schedules {
 public:
  explicit Schedules(Connection& connection) : connection_(connection) {}

  // Makes the schedules those given (owner_name, name, does, cron, zone, overlap, catch_up count). What is new, or has
  // other times, begins at `now`. Returns the names of owners that were never opened, "" when there are none.
  Stored<std::string> declare(const std::vector<Schedule>& schedules, machines::Instant now);
  // All of them, by owner and name.
  Stored<std::vector<Schedule>> all();
  // The newest firings, newest first.
  Stored<std::vector<FiringView>> firings(const Schedule& schedule, std::int64_t limit);

  // By the clock, for this time; moved_on where schedule.last is no longer what stands. Afterwards `last` is `at`.
  Stored<Fired> fire(const Schedule& schedule, machines::Instant at);
  // By a person, beside the clock.
  Stored<Fired> fire(const Schedule& schedule, machines::Instant at, const std::string& who, const std::string& why);
  // All times up to `now` were missed, for good. False: another process has fired since.
  Stored<bool> pass(const Schedule& schedule, machines::Instant now);

  // The next to be performed, of those that do one of these.
  Stored<Firing> take(const std::vector<std::string>& does);
  // Ends a firing that runs: done or failed, with its outcome in words. False: it runs no more.
  Stored<bool> end(const Firing& firing, bool done, const std::string& outcome);
  // For the process that takes a dead performer's place: the firings that that one ran are due again; how many.
  Stored<std::int64_t> lose(const std::vector<std::string>& does);
  // Ends one review whose jobs are gone; false when there is none.
  Stored<bool> settle_review();

 private:
  Stored<Fired> fire(const Schedule& schedule, std::int64_t last, machines::Instant at, const std::string& who,
                     const std::string& why);
  Connection& connection_;
};

}  // namespace ledger::jobs
