// ledger/jobs/seats.hpp: which broker serves which shards: seats with leases, in PostgreSQL. A broker that holds a seat
// renews it and gets its share of the shards; whatever it believes, commits under an epoch that has passed are refused.
// I/O: one round trip a call. A Seats borrows a connection for its life. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "ledger/store/connection.hpp"

namespace ledger::jobs {

// What a broker holds after hold().
struct Holding {
  bool seated = false;                 // false: another broker of our name has taken the seat
  std::map<int, std::int64_t> epochs;  // of each shard that the seat holds
  std::vector<int> live;               // all shards that have an owner
  int surplus = 0;                     // how many to give up, at a quiet moment, for an even share
};

// A seat as others see it.
struct SeatView {
  std::string broker, endpoint, public_key;
  std::int64_t lease_ms = 0;  // what is left; negative: over, its shards are free
  std::vector<int> shards;
};

class Seats {
 public:
  explicit Seats(Connection& connection) : connection_(connection) {}

  // A fresh seat; an earlier one of this name is gone, its shards are free. Durable before it returns. `endpoint` and
  // `public_key`: how others reach this broker.
  Stored<std::int64_t> take(const std::string& broker, const std::string& endpoint, const std::string& public_key,
                            std::int64_t ttl_ms);
  // Renews for `ttl_ms` from now and takes free shards up to an even share, each under a new epoch. Durable.
  Stored<Holding> hold(std::int64_t seat, std::int64_t ttl_ms);
  // The shards are free from here on, for any broker to take. REQUIRES: no job of these shards is in flight.
  Stored<bool> give_up(std::int64_t seat, std::span<const int> shards);
  // A clean end: its shards are free at once.
  Stored<bool> leave(std::int64_t seat);
  // Every seat, by the name of its broker; also one whose lease is over.
  Stored<std::vector<SeatView>> all();

 private:
  Connection& connection_;
};

}  // namespace ledger::jobs
