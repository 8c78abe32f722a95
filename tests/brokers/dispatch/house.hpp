// tests/brokers/dispatch/house.hpp: a dispatch with a hand on its clock, and what it ordered, sorted. No sockets, no
// database: the test plays both.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "brokers/dispatch/dispatch.hpp"

namespace tests {

using machines::LeasedJob;
using machines::Token;

inline constexpr std::int64_t ms = 1'000;

// A job of owner 1 on shard 0; instance `number` with token `number`.
LeasedJob job(int number);
LeasedJob job(int number, int owner, int shard = 0);
LeasedJob job_of(int number, const std::string& kind, const std::string& command, int owner = 1, int shard = 0);
std::vector<LeasedJob> jobs(int first, int last, int owner = 1, int shard = 0);
// The same row under a fresh lease: another token, the next attempt.
LeasedJob leased_again(LeasedJob job, int token_number);
Token token(int number);
int number_of(const Token& token);

struct Ordered {
  std::map<std::string, std::vector<int>> assigned;          // peer -> token numbers, in order
  std::vector<std::pair<std::string, std::size_t>> parcels;  // each ASSIGN: peer and size, in order
  std::vector<machines::Instant> alone_until;                // of each ASSIGN
  std::vector<ledger::jobs::Failure> given_back;
  std::vector<brokers::dispatch::Send> said;  // all other messages
  std::vector<int> claims;                    // limits
  std::vector<brokers::dispatch::ClaimNow> claim_orders;
  std::vector<machines::Instant> asked_due;
  std::vector<std::string> story;  // every order as one word, in order

  [[nodiscard]] std::set<int> all_assigned() const;
  [[nodiscard]] bool none() const { return story.empty(); }
};

class House {
 public:
  explicit House(brokers::dispatch::Rules rules = {}) : dispatch(rules, "broker", 1) {}

  // A worker of kind "cycle", and of kind "order" whose "place_order" calls an outside party. Its orders are dropped.
  void join(const std::string& name, int pure = 256, int outside = 16);
  void ready(const std::string& peer, const std::string& name, std::vector<int> held = {}, int pure = 256,
             int outside = 16);
  // One that runs these commands of a kind alone.
  void join_for(const std::string& name, const std::string& kind, std::vector<std::string> commands);
  // A look at all leased rows of shard 0.
  void leases_seen(const std::vector<LeasedJob>& jobs) { dispatch.leases_seen(std::vector<int>{0}, jobs); }
  // What it ordered since it was last asked.
  Ordered orders();
  Ordered claimed(std::vector<LeasedJob> jobs, std::int64_t next_unheld_us = 0);
  // Outside calls of this account at the venue "paper".
  Ordered claimed_of(std::vector<LeasedJob> jobs, const std::string& account);
  Ordered done(const std::string& peer, const std::vector<int>& tokens,
               schemas::DoneKind kind = schemas::DoneKind::done, std::vector<LeasedJob> minted = {});
  Ordered failed(const std::string& peer, int token_number, std::int64_t retry_after_ms = 0, bool fatal = false);
  Ordered tick();
  Ordered release(std::int64_t world_us, std::vector<schemas::Ahead> ahead = {});
  Ordered due(std::int64_t next_due, std::int64_t next_run_us = 0);
  Ordered goodbye(const std::string& peer, const std::vector<int>& unstarted);

  brokers::dispatch::Dispatch dispatch;
  std::int64_t now = 1'000 * ms;
};

}  // namespace tests
