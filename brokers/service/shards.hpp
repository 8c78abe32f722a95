// brokers/service/shards.hpp: which shards this broker serves, and for how long it may believe so. The lease is counted
// on our own steady clock from before it was asked for, so that we stop before anybody else may begin. I/O through
// ledger/jobs alone. One thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ledger/jobs/seats.hpp"

namespace brokers::service {

class Shards {
 public:
  // Who sits, and how others reach it.
  struct Who {
    std::string name, endpoint, public_key;
  };
  // `ttl_ms`: how long a broker that died keeps its shards.
  Shards(ledger::Connection& connection, Who who, std::int64_t ttl_ms)
      : seats_(connection), who_(std::move(who)), ttl_ms_(ttl_ms) {}

  enum class Held { as_before, gained, lost, replaced };

  // Takes a fresh seat and the shards that are free for it; whatever was held before is forgotten.
  ledger::Stored<bool> sit();
  // Renews the lease. gained: further shards, see gained(). lost: one was taken from us; replaced: another broker of
  // our name sits on the seat: in both cases nothing is held any more.
  ledger::Stored<Held> hold();
  // Nothing is held any more, as far as we are concerned.
  void forget();
  // Leaves the seat, so that its shards are free at once. Harmless where none is held.
  void leave();

  // Whether what is held may be served at this time of the steady clock.
  [[nodiscard]] bool may_serve(std::int64_t now_us) const { return now_us < serves_until_us_; }
  // When hold() is due again, by the same clock.
  [[nodiscard]] std::int64_t hold_again_us() const { return hold_again_us_; }
  // Those to claim from: without the ones that drain. In order.
  [[nodiscard]] const std::vector<int>& served() const { return served_; }
  [[nodiscard]] const std::vector<int>& held() const { return held_; }
  [[nodiscard]] const std::vector<int>& live() const { return live_; }
  [[nodiscard]] const std::vector<int>& gained() const { return gained_; }
  [[nodiscard]] bool holds_all() const { return held_ == live_; }
  // 0 where it is not held.
  [[nodiscard]] std::int64_t epoch_of(int shard) const;
  [[nodiscard]] std::int64_t newest_epoch() const;

  // How many are still too many for an even share, and which drain for it.
  [[nodiscard]] int surplus() const { return surplus_; }
  [[nodiscard]] const std::set<int>& draining() const { return draining_; }
  // Leaves this shard out of served() from now on: its jobs come to their end, then it can be given up.
  void drain(int shard);
  // Other brokers may take these shards from now on. REQUIRES: no job of these shards is in flight or waits here.
  // Errors: the connection's; then they are still held.
  ledger::Stored<bool> give_up(const std::vector<int>& shards);

 private:
  void sort_out();

  ledger::jobs::Seats seats_;
  Who who_;
  std::int64_t ttl_ms_;
  std::int64_t seat_ = 0;
  std::map<int, std::int64_t> epochs_;
  std::vector<int> held_, served_, live_, gained_;
  std::set<int> draining_;
  int surplus_ = 0;
  std::int64_t serves_until_us_ = 0, hold_again_us_ = 0;
};

}  // namespace brokers::service
