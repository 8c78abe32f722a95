// brokers/service/claims.hpp: Claims carries out a claim order: the oldest jobs of every shard, and where a shard has
// more, some of those behind them; and looks up where outside calls go, once per instance. I/O: one round trip for the
// usual claim. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "brokers/dispatch/dispatch.hpp"

namespace brokers::service {

class Claims {
 public:
  // Borrows `jobs`.
  explicit Claims(ledger::jobs::Jobs& jobs) : jobs_(jobs) {}

  // Leases jobs of these shards for the broker of this name, whose world time has come by `world_now`: the oldest of
  // each shard, and where a shard has `order.limit` or more, urgent ones and a few of other owners besides. Only urgent
  // ones where the order says so. Errors: the connection's.
  ledger::Stored<std::vector<machines::LeasedJob>> carry_out(const dispatch::ClaimNow& order,
                                                             const std::vector<int>& shards,
                                                             machines::Instant world_now, const std::string& broker);
  // Of those jobs whose limit depends on it. What works on no venue account shares one budget, named "?".
  ledger::Stored<std::map<machines::JobKey, dispatch::Place>> places_of(const dispatch::Dispatch& dispatch,
                                                                        const std::vector<machines::LeasedJob>& jobs);

 private:
  ledger::Stored<bool> claim_behind(const dispatch::ClaimNow& order, const std::vector<int>& full,
                                    machines::Instant world_now, const std::string& broker,
                                    std::vector<machines::LeasedJob>& jobs);
  ledger::Stored<bool> claim_urgent(const dispatch::ClaimNow& order, const std::vector<int>& shards,
                                    machines::Instant world_now, const std::string& broker,
                                    std::vector<machines::LeasedJob>& jobs);

  ledger::jobs::Jobs& jobs_;
  std::map<int, machines::OwnerId> served_;  // per shard, the owner looked at last
  std::map<std::pair<machines::OwnerId, machines::InstanceId>, dispatch::Place> places_;
};

}  // namespace brokers::service
