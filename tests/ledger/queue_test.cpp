// tests/ledger/queue_test.cpp: jobs, leases and timers, on the model and on PostgreSQL.
#include <set>

#include "tests/ledger/suite.hpp"

namespace tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Queue : public LedgerTest {
 protected:
  std::vector<Failure> failure(const LeasedJob& job, std::int64_t delay_ms = 0, bool park = false, bool counts = true) {
    return {{job.key, job.token, "broke", delay_ms, park, counts}};
  }
};
INSTANTIATE_TEST_SUITE_P(Ledger, Queue, testing::Values("model", "postgres"), name_of_backend);

TEST_P(Queue, WhatBecomesOfTheAnsweredJob) {
  const auto [till, job] = till_with_job();
  const JobRow row{job.key, "count", false, {1'000}, true};
  EXPECT_EQ(commit(answering(next(owner, till, 1), job, Fate::kept)), committed);
  EXPECT_THAT(ledger->jobs(owner), ElementsAre(row)) << "kept, under its token";
  Step rearmed = answering(next(owner, till, 2), job, Fate::rearmed);
  rearmed.rearm_at = {7'000};
  EXPECT_EQ(commit(rearmed), committed);
  EXPECT_THAT(ledger->jobs(owner), ElementsAre(JobRow{job.key, "count", false, {7'000}, false})) << "back, later";
  EXPECT_EQ(commit(answering(next(owner, till, 3), job)), lost_lease) << "its token is gone";
  EXPECT_EQ(commit(answering(next(owner, till, 3), claim().at(0))), committed);
  EXPECT_THAT(ledger->jobs(owner), IsEmpty()) << "done";
}

TEST_P(Queue, NothingToDoRearmsTheTimerAndWritesNothingElse) {
  const auto [till, job] = till_with_job();
  const std::string before = ledger->digest();
  Step step;
  step.owner = owner;
  step = answering(step, job, Fate::rearmed);
  step.rearm_at = {5'000};
  step.world_at = {1'000};
  EXPECT_EQ(commit(step), committed);
  EXPECT_THAT(ledger->jobs(owner), ElementsAre(JobRow{job.key, "count", false, {5'000}, false}));
  EXPECT_EQ(version_of(till), 1);
  EXPECT_EQ(ledger->digest(), before);
  EXPECT_EQ(commit(step), lost_lease) << "not twice";
  EXPECT_THAT(ledger->refusals(owner), IsEmpty());
}

TEST_P(Queue, OneJobIsAnsweredOnce) {
  const auto [till, job] = till_with_job();
  EXPECT_THAT(commit_all({answering(next(owner, till, 1), job), answering(next(owner, till, 2), job)}),
              ElementsAre(committed, lost_lease));
}

TEST_P(Queue, OrdersAreNumberedPerInstanceOfTheStep) {
  const InstanceId till = new_till();
  Step step = next(owner, till, 1);
  step.moves.push_back(born(1, till));
  step.jobs = {
      {Subject::of(till), "count", false, {3'000}, {}},
      {Subject::birth(1), "place", false, {4'000}, {}},
      {Subject::of(till), "shut", true, {5'000}, {}},
  };
  const StepResult result = commit(step);
  ASSERT_THAT(result.born, SizeIs(1));
  EXPECT_THAT(ledger->jobs(owner), ElementsAre(JobRow{{owner, till, 2, 0}, "count", false, {3'000}, false},
                                               JobRow{{owner, till, 2, 1}, "shut", true, {5'000}, false},
                                               JobRow{{owner, result.born[0], 1, 0}, "place", false, {4'000}, false}));
}

TEST_P(Queue, AFinalMoveEndsTheInstancesJobs) {
  Step start = ordering(birth(owner), "count", {1'000});
  start.jobs.push_back({Subject::birth(1), "shut", false, {9'000}, {}});
  const InstanceId till = commit(start).born.at(0);
  const InstanceId bystander = commit(ordering(birth(owner), "count", {2'000})).born.at(0);
  Step last = answering(next(owner, till, 1), claim({1'500}).at(0), Fate::kept);
  last.moves[0].is_final = true;
  EXPECT_EQ(commit(last), committed);
  EXPECT_THAT(ledger->jobs(owner), ElementsAre(JobRow{{owner, bystander, 1, 0}, "count", false, {2'000}, false}));
  EXPECT_FALSE(ledger->submit_event(owner, till, "rung", {3'000})) << "nobody is there";
}

TEST_P(Queue, AnEagerJobIsLeasedBeforeItIsSeen) {
  const InstanceId till = new_till();
  Step step = ordering(next(owner, till, 1), "count", {1'000});
  step.jobs[0].eager.bytes.fill(0xab);
  ASSERT_EQ(commit(step), committed);
  EXPECT_THAT(claim(), IsEmpty());
  const auto leased = ledger->leased();
  ASSERT_THAT(leased, SizeIs(1));
  EXPECT_EQ(leased[0].token, step.jobs[0].eager);
  EXPECT_EQ(leased[0].attempt, 1);
  EXPECT_EQ(commit(answering(next(owner, till, 2), leased[0])), committed);
}

TEST_P(Queue, AClaimTakesTheOldestWorldTimesThatHaveCome) {
  std::vector<InstanceId> tills;
  for (const std::int64_t at : {4'000, 2'000, 3'000, 9'000})
    tills.push_back(commit(ordering(birth(owner), "count", {at})).born.at(0));
  std::set<machines::Token> tokens;
  std::vector<InstanceId> taken;
  for (const int limit : {2, 5})
    for (const LeasedJob& job : claim({4'000}, limit)) {
      taken.push_back(job.key.instance);
      tokens.insert(job.token);
      EXPECT_EQ(job.epoch, epoch);
      EXPECT_EQ(job.shard, ledger_shard);
      EXPECT_EQ(job.kind, "till");
      EXPECT_EQ(job.command, "count");
      EXPECT_EQ(job.attempt, 1);
      EXPECT_EQ(job.tries, 0);
    }
  EXPECT_THAT(taken, testing::UnorderedElementsAre(tills[1], tills[2], tills[0]));
  EXPECT_EQ(taken.back(), tills[0]) << "the first claim had room for the two oldest";
  EXPECT_THAT(tokens, SizeIs(3));
  EXPECT_THAT(ledger->leased(), SizeIs(3));
  EXPECT_THAT(claim({4'000}), IsEmpty()) << "one lease at a time";
}

TEST_P(Queue, GivenBackIsClaimedAgainUnderAnotherToken) {
  const auto [till, job] = till_with_job();
  EXPECT_EQ(ledger->give_back(failure(job)), 1);
  EXPECT_EQ(ledger->give_back(failure(job)), 0) << "its token is gone";
  LeasedJob again = claim().at(0);
  EXPECT_NE(again.token, job.token);
  EXPECT_EQ(again.attempt, 2);
  EXPECT_EQ(again.tries, 1);
  EXPECT_EQ(ledger->give_back(failure(again, 0, false, false)), 1);
  again = claim().at(0);
  EXPECT_EQ(again.attempt, 3);
  EXPECT_EQ(again.tries, 1) << "a dead worker is no failure";
  Step rearmed = answering(next(owner, till, 1), again, Fate::rearmed);
  rearmed.rearm_at = {2'000};
  ASSERT_EQ(commit(rearmed), committed);
  again = claim().at(0);
  EXPECT_EQ(again.attempt, 1) << "a new round";
  EXPECT_EQ(again.tries, 0);
}

TEST_P(Queue, DelayedAndParkedJobsStandInTheWayOfWorldTime) {
  EXPECT_EQ(ledger->due({10'000}).next_due.us, std::numeric_limits<std::int64_t>::max());
  const auto [till, job] = till_with_job();
  EXPECT_EQ(ledger->due({10'000}).next_due, (Instant{1'000})) << "leased";
  ASSERT_EQ(ledger->give_back(failure(job, 3'600'000)), 1);
  EXPECT_THAT(claim(), IsEmpty()) << "delayed";
  Due due = ledger->due({10'000});
  EXPECT_EQ(due.next_due, (Instant{1'000}));
  EXPECT_GT(due.next_run_us, 3'000'000'000);
  EXPECT_LE(due.next_run_us, 3'600'000'000);
  EXPECT_EQ(due.parked, std::nullopt);
  EXPECT_EQ(ledger->due({999}).next_run_us, 0) << "not of that time";

  const InstanceId other = commit(ordering(birth(owner), "count", {2'000})).born.at(0);
  ASSERT_EQ(ledger->give_back(failure(claim().at(0), 0, true)), 1);
  EXPECT_THAT(claim(), IsEmpty()) << "parked";
  due = ledger->due({10'000});
  EXPECT_EQ(due.parked, (machines::JobKey{owner, other, 1, 0}));
  EXPECT_EQ(due.parked_reason, "broke");
}

TEST_P(Queue, WhatNobodyHoldsIsFoundThoughItIsParkedOrDelayed) {
  EXPECT_EQ(ledger->next_unheld().us, std::numeric_limits<std::int64_t>::max());
  const auto [till, job] = till_with_job();
  EXPECT_EQ(ledger->next_unheld().us, std::numeric_limits<std::int64_t>::max()) << "leased";
  (void)commit(ordering(birth(owner), "count", {2'000}));
  EXPECT_EQ(ledger->next_unheld(), (Instant{2'000})) << "ready";
  ASSERT_EQ(ledger->give_back(failure(job, 3'600'000)), 1);
  EXPECT_EQ(ledger->next_unheld(), (Instant{1'000})) << "delayed";
  ASSERT_EQ(ledger->give_back(failure(claim().at(0), 0, true)), 1);
  (void)commit(ordering(birth(owner), "count", {5'000}));
  EXPECT_EQ(ledger->next_unheld(), (Instant{1'000})) << "parked, too";
}

TEST_P(Queue, AnEventWaitsAsAJobOnceUntilItIsHeard) {
  const InstanceId till = new_till();
  EXPECT_FALSE(ledger->submit_event(owner, {till.value + 77'777}, "quorum", {1'000}));
  EXPECT_TRUE(ledger->submit_event(owner, till, "quorum", {1'000}));
  EXPECT_TRUE(ledger->submit_event(owner, till, "quorum", {2'000})) << "waits already";
  EXPECT_TRUE(ledger->submit_event(owner, till, "expire", {1'500}));
  EXPECT_THAT(ledger->jobs(owner), ElementsAre(JobRow{{owner, till, 1, 1'000}, "quorum", true, {1'000}, false},
                                               JobRow{{owner, till, 1, 1'001}, "expire", true, {1'500}, false}));
  const LeasedJob job = claim({1'200}).at(0);
  EXPECT_TRUE(job.is_event);
  EXPECT_EQ(commit(answering(next(owner, till, 1), job)), committed);
  EXPECT_TRUE(ledger->submit_event(owner, till, "quorum", {3'000})) << "heard; said again";
  EXPECT_THAT(ledger->jobs(owner), SizeIs(2));
}

TEST_P(Queue, ATakeOverKillsTheLeasesOfBefore) {
  const auto [till, job] = till_with_job();
  ledger->own_shards();
  EXPECT_EQ(commit(answering(next(owner, till, 1), job)), stale_epoch);
  EXPECT_THAT(ledger->leased(), SizeIs(1)) << "for the new broker to find and issue anew";
}

}  // namespace
}  // namespace tests
