// tests/ledger/suite.hpp: the ground that the conformance tests stand on: one owner with a till, a few accounts, and
// words to write steps in. Every test runs on each backend; one that has no PostgreSQL here says so.
#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/ledger/backend.hpp"

namespace tests {

using machines::AccountId;
using machines::Amount;
using machines::Fate;
using machines::HoldKey;
using machines::InstanceId;
using machines::Instant;
using machines::Int128;
using machines::LeasedJob;
using machines::Outcome;
using machines::OwnerId;
using machines::Posting;
using machines::PostingKind;
using machines::Refusal;
using machines::Step;
using machines::StepResult;
using machines::Subject;

inline Posting pay(AccountId from, AccountId to, Int128 minor, std::string_view code = "pay") {
  return {PostingKind::single, from, to, Amount(usdt, minor), code, {}};
}
inline Posting hold(AccountId from, AccountId to, Int128 minor) {
  return {PostingKind::hold, from, to, Amount(usdt, minor), "reserve", {}};
}
inline Posting post(const HoldKey& key, AccountId from, AccountId to, Int128 minor) {
  return {PostingKind::post, from, to, Amount(usdt, minor), "spend", key};
}
inline Posting release(const HoldKey& key, AccountId from, AccountId to) {
  return {PostingKind::void_, from, to, Amount(usdt, 0), "release", key};
}

// A step of `owner` that gives birth to a till; a step that moves one on.
Step birth(OwnerId owner, Instant world_at = {1'000});
Step next(OwnerId owner, InstanceId till, std::int64_t version, Instant world_at = {2'000});
// The move of another till that a step takes along, and a till that it gives birth to.
machines::Move moved(Subject till, std::int64_t version);
machines::Move born(int number, InstanceId parent);
// The same step as the answer to a job.
Step answering(Step step, const LeasedJob& job, Fate fate = Fate::done);
Step with(Step step, std::vector<Posting> postings);
// `command` outlives the step: a literal.
Step ordering(Step step, std::string_view command, Instant world_at);

inline const StepResult committed{Outcome::committed, Refusal::none, {}};
inline const StepResult stale_version{Outcome::stale_version, Refusal::none, {}};
inline const StepResult lost_lease{Outcome::lost_lease, Refusal::none, {}};
inline const StepResult stale_epoch{Outcome::stale_epoch, Refusal::none, {}};
inline StepResult refused(Refusal why) { return {Outcome::refused, why, {}}; }

class LedgerTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override;
  // Whatever a test did, the books balance and history is sound.
  void TearDown() override;

  StepResult commit(const Step& step) { return ledger->commit(epoch, {&step, 1})[0]; }
  std::vector<StepResult> commit_all(const std::vector<Step>& steps) { return ledger->commit(epoch, steps); }
  // A till at version 1; with a job `command` for it, leased.
  InstanceId new_till();
  std::pair<InstanceId, LeasedJob> till_with_job(const std::string& command = "count");
  AccountId open(const std::string& path, bool limited, machines::AssetId asset = usdt);
  void fund(AccountId account, Int128 minor);
  Counters counters(AccountId account) { return ledger->balance(owner, account).counters; }
  Int128 available(AccountId account) { return counters(account).available(); }
  std::int64_t version_of(InstanceId till) { return ledger->instance(owner, till).value().version; }
  // What this owner's jobs are leased as, up to world time `at`.
  std::vector<LeasedJob> claim(Instant at = {1'000'000}, int limit = 100) { return ledger->claim(at, limit); }

  std::unique_ptr<Backend> ledger;
  std::int64_t epoch = 0;
  OwnerId owner;
  AccountId outside, cash, shop;  // cash is limited
};

inline std::string name_of_backend(const testing::TestParamInfo<std::string>& info) { return info.param; }

}  // namespace tests
