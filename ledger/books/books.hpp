// ledger/books/books.hpp: what people read: balances, instances and their history, counts. Reads only; each call is one
// snapshot. Borrows its connection.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ledger/store/connection.hpp"
#include "machines/core/ids.hpp"
#include "machines/core/instant.hpp"

namespace ledger::books {

struct Balance {
  std::string path, asset;
  int scale = 0;
  machines::Int128 posted = 0;  // credits_posted - debits_posted, minor units
  machines::Int128 held = 0;    // debits_pending
  bool limited = false;
};

// An instance as it stands; `sleeve` is the sleeve's name, "" where it belongs to none.
struct InstanceView {
  machines::OwnerId owner;
  machines::InstanceId id;
  std::string kind, state, data, sleeve;
  std::int64_t version = 0;
  bool is_final = false;
  machines::InstanceId parent{0};
};

// A posting with the paths of its accounts; the amount in minor units of its asset.
struct PostingView {
  std::string kind, debit, credit, asset, code;
  int scale = 0;
  machines::Int128 amount = 0;
};

// One move of an instance: `from` is "" at its birth; wall_at is UTC.
struct TransitionView {
  std::int64_t version = 0;
  std::string from, to, event, command, jobs, wall_at;
  machines::Instant world_at;
  std::vector<PostingView> postings;
};

struct StateCount {
  std::string kind, state;
  std::int64_t count = 0;
};

// A live instance that nothing will ever move: it has no job, and waits for nothing.
struct Stranded {
  machines::OwnerId owner;
  machines::InstanceId id;
  std::string kind, state;
};

// A slice of all live instances, by key; begin with an empty one.
struct LiveSlice {
  machines::OwnerId owner{0};  // the key of the last one looked at
  std::string kind;
  machines::InstanceId id{0};
  std::int64_t looked_at = 0;      // instances of this slice; 0: there are no more
  std::vector<Stranded> stranded;  // those of them that nothing will ever move
};

class Books {
 public:
  explicit Books(Connection& connection) : connection_(connection) {}
  // Every account of every owner, by owner and path. Errors, here and below: the connection's.
  Stored<std::vector<Balance>> balances();
  // How many instances of each kind are in each state, by kind and state; states without any are left out.
  Stored<std::vector<StateCount>> state_counts();
  // At most `limit` instances, newest first. `only_live` leaves finished ones out.
  Stored<std::vector<InstanceView>> instances(bool only_live, int limit);
  // Empty when no such instance.
  Stored<std::vector<InstanceView>> instance(machines::InstanceId id);
  // All transitions of the instance with their postings, oldest first; empty when no such instance.
  Stored<std::vector<TransitionView>> history(machines::InstanceId id);
  // The slice after `last`, of at most so many instances, in a snapshot of its own.
  Stored<LiveSlice> look_for_stranded(const LiveSlice& last, std::int64_t most);
  // All of them, slice by slice: no long snapshot.
  Stored<std::vector<Stranded>> stranded();

 private:
  Connection& connection_;
};

}  // namespace ledger::books
