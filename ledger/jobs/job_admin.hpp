// ledger/jobs/job_admin.hpp: the queue as a person sees it, and what a person orders about it: retry, park, cancel.
// Each order is recorded in the history and in the audit chain with what it did. I/O: one round trip a call. One
// thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ledger/store/connection.hpp"
#include "ledger/store/error.hpp"
#include "machines/core/ids.hpp"
#include "machines/core/instant.hpp"

namespace ledger::jobs {

// Which jobs are meant; a field that is left empty or 0 excludes nothing.
struct Filter {
  std::string state = {};  // ready, delayed, leased, parked, held, timer
  std::string kind = {}, command = {}, owner = {};
  std::int64_t instance = 0;
  std::string reason = {};        // a part of why it is parked, or of its last error
  std::string error_class = {};   // of its last failure, where it has failed since it was last done: as in Failure
  std::int64_t older_than_s = 0;  // wall time since the step that ordered it
};

// A job as it stands, with its instance.
struct JobView {
  machines::JobKey key;
  std::string owner, kind, command;  // the owner's name
  bool is_event = false;
  std::string state;  // as in Filter
  machines::Instant world_at;
  int attempt = 0, tries = 0;
  std::string reason;        // why it is parked, else its last error; empty: neither
  std::string error_class;   // of the last failure, as in Failure; empty: none
  std::int64_t wait_ms = 0;  // wall time until its back-off is over; 0: it is
  std::int64_t age_s = 0;    // wall time since the step that ordered it
  std::string broker;        // that leased it
  std::string instance_state, data;
  int machine_version = 1;
};

// What an order of a person did.
struct Intervention {
  std::int64_t changed = 0;
  machines::InstanceId machine;  // whose history keeps it; 0 when nothing was changed
};

// Which kinds of a filter's jobs there are.
struct JobGroup {
  std::string kind, command, state, reason;
  std::int64_t count = 0;
};

// Jobs of a kind and command that are ready, and that no worker has taken.
struct Untaken {
  std::string kind, command;
  std::int64_t count = 0;
  std::int64_t oldest_s = 0;     // wall time since the oldest could have been taken, at the earliest
  machines::Instant world_at;    // the earliest
  std::string last_error;        // of one of them, for people; empty: none has one
  std::string error_class = {};  // of the same one, as in Failure
};

class JobAdmin {
 public:
  explicit JobAdmin(Connection& connection) : connection_(connection) {}

  // At most `limit` jobs of the filter, by owner and key. Errors, here and below: the connection's. Timers are those of
  // a world time after `world_now`.
  Stored<std::vector<JobView>> list(const Filter& filter, machines::Instant world_now, std::int64_t limit);
  // One job; empty when there is none.
  Stored<std::vector<JobView>> find(const machines::JobKey& key, machines::Instant world_now);
  // The jobs of the filter, counted by kind, command, state and reason; the largest group first.
  Stored<std::vector<JobGroup>> groups(const Filter& filter, machines::Instant world_now);

  // Jobs that no worker has taken for longer than this, the largest group first. A job that only goes back and forth,
  // because no worker can do it or a limit holds it, is among them; a job that a pause holds is not. `come`: how far
  // the brokers let world time go, where that is further than the ledger knows, and for how long they have.
  Stored<std::vector<Untaken>> untaken(machines::Instant come, std::int64_t come_ms, std::int64_t longer_than_s);

  // retry: parked and delayed jobs may run at once. park: the jobs wait for a person. A job that is leased, gone or so
  // already is left alone. Says how many were changed. REQUIRES: all keys are of one owner.
  Stored<Intervention> retry(std::span<const machines::JobKey> keys, const std::string& who, const std::string& why) {
    return intervene("retry", keys, who, why);
  }
  Stored<Intervention> park(std::span<const machines::JobKey> keys, const std::string& who, const std::string& why) {
    return intervene("park", keys, who, why);
  }
  // The job becomes this event of its machine, if the instance is still in `state`. Empty, or why not: gone, in_flight,
  // moved_on.
  Stored<std::string> cancel(const machines::JobKey& key, const std::string& state, const std::string& event,
                             const std::string& who, const std::string& why);
  // Puts held jobs that no pause stops any more back into the queue; how many.
  Stored<std::int64_t> free_held();

 private:
  Stored<Intervention> intervene(const char* what, std::span<const machines::JobKey> keys, const std::string& who,
                                 const std::string& why);
  Connection& connection_;
};

}  // namespace ledger::jobs
