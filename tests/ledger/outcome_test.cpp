// tests/ledger/outcome_test.cpp: what commit says to a step, on the model and on PostgreSQL.
#include "tests/ledger/suite.hpp"

namespace tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Outcomes : public LedgerTest {};
INSTANTIATE_TEST_SUITE_P(Ledger, Outcomes, testing::Values("model", "postgres"), name_of_backend);

TEST_P(Outcomes, VersionsRiseByOneFromBirth) {
  const InstanceId till = new_till();
  EXPECT_EQ(ledger->instance(owner, till), (InstanceRow{"open", 1, false}));
  EXPECT_EQ(commit(next(owner, till, 1)), committed);
  Step last = next(owner, till, 2);
  last.moves[0].to = "closed";
  last.moves[0].is_final = true;
  EXPECT_EQ(commit(last), committed);
  EXPECT_EQ(ledger->instance(owner, till), (InstanceRow{"closed", 3, true}));
}

TEST_P(Outcomes, Inv21SameContentIsCommittedForEver) {
  fund(cash, 100);
  const auto [till, job] = till_with_job();
  Step step = answering(with(next(owner, till, 1), {pay(cash, shop, 60)}), job);
  step.moves.push_back(born(1, till));
  step.moves.push_back(born(2, till));
  const StepResult first = commit(step);
  EXPECT_EQ(first.outcome, Outcome::committed);
  EXPECT_THAT(first.born, SizeIs(2));
  EXPECT_EQ(commit(step), first) << "its job is gone";
  EXPECT_EQ(commit(next(owner, till, 2)), committed);
  EXPECT_EQ(commit(step), first) << "the till has moved on";
  ledger->raise_control_epoch(owner);
  EXPECT_EQ(commit(step), first) << "the control epoch has moved";
  ledger->own_shards();
  EXPECT_EQ(commit(step), first) << "another broker owns the shard";
  EXPECT_EQ(available(cash), 40) << "posted once";
  EXPECT_THAT(ledger->entries(owner, shop), SizeIs(1));
}

TEST_P(Outcomes, Inv21TokenFateAndEpochAreNoContent) {
  const auto [till, job] = till_with_job();
  Step step = answering(next(owner, till, 1), job);
  EXPECT_EQ(commit(step), committed);
  step.token.bytes[3] ^= 1;
  step.fate = Fate::kept;
  step.control_epoch = 9;
  EXPECT_EQ(commit(step), committed);
}

TEST_P(Outcomes, Inv22OtherContentUnderTheSameKeyIsAConflict) {
  fund(cash, 100);
  const InstanceId till = new_till();
  const InstanceId other = new_till();
  Step step = with(next(owner, till, 1), {pay(cash, shop, 10), pay(cash, shop, 20)});
  step.jobs.push_back({Subject::of(till), "count", false, {5'000}, {}});
  step.moves.push_back(moved(Subject::of(other), 1));
  step.moves.push_back(born(1, till));
  ASSERT_EQ(commit(step).outcome, Outcome::committed);
  const std::string before = ledger->digest();
  const std::vector<std::pair<std::string, std::function<void(Step&)>>> changes = {
      {"amount", [&](Step& s) { s.postings[1] = pay(cash, shop, 21); }},
      {"account", [&](Step& s) { s.postings[1] = pay(cash, outside, 20); }},
      {"code", [&](Step& s) { s.postings[1].code = "gift"; }},
      {"posting left out", [&](Step& s) { s.postings.pop_back(); }},
      {"posting added", [&](Step& s) { s.postings.push_back(pay(cash, shop, 1)); }},
      {"order of legs", [&](Step& s) { std::swap(s.postings[0], s.postings[1]); }},
      {"world time", [&](Step& s) { s.world_at = {2'001}; }},
      {"data", [&](Step& s) { s.moves[0].data = "[]"; }},
      {"event", [&](Step& s) { s.moves[0].event = "dropped"; }},
      {"job's time", [&](Step& s) { s.jobs[0].world_at = {5'001}; }},
      {"job left out", [&](Step& s) { s.jobs.clear(); }},
      {"birth left out", [&](Step& s) { s.moves.pop_back(); }},
      {"move left out", [&](Step& s) { s.moves.erase(s.moves.begin() + 1); }},
      {"birth added", [&](Step& s) { s.moves.push_back(born(2, till)); }},
      {"child's state", [&](Step& s) { s.moves[2].to = "closed"; }},
  };
  for (const auto& [what, change] : changes) {
    Step changed = step;
    change(changed);
    EXPECT_EQ(commit(changed), refused(Refusal::conflict)) << what;
  }
  EXPECT_EQ(ledger->digest(), before);
  EXPECT_EQ(commit(step).outcome, Outcome::committed);
  EXPECT_THAT(ledger->refusals(owner), ElementsAre("conflict")) << "audited once under (instance, version, token)";
}

TEST_P(Outcomes, AVersionThatAnotherStepTookAlongIsAConflict) {
  const InstanceId parent = new_till();
  const InstanceId child = new_till();
  Step step = next(owner, child, 1);
  step.moves.push_back(moved(Subject::of(parent), 1));
  ASSERT_EQ(commit(step), committed);
  EXPECT_EQ(commit(next(owner, parent, 1)), refused(Refusal::conflict));
  EXPECT_EQ(version_of(parent), 2);
}

TEST_P(Outcomes, AStepFromAnotherStateOfTheWorldIsStale) {
  const InstanceId till = new_till();
  EXPECT_EQ(commit(next(owner, till, 2)), stale_version) << "a version to come";
  EXPECT_EQ(commit(next(owner, {till.value + 77'777}, 1)), stale_version) << "nobody";
  Step step = next(owner, till, 1);
  step.moves[0].from = "closed";
  EXPECT_EQ(commit(step), stale_version) << "another state";
  step = next(owner, till, 1);
  step.moves[0].kind = "safe";
  EXPECT_EQ(commit(step), stale_version) << "another machine";
  step = next(owner, till, 1);
  step.moves.push_back(moved(Subject::of(new_till()), 3));
  EXPECT_EQ(commit(step), stale_version) << "a companion that is elsewhere";
  step = next(owner, till, 1);
  step.moves[0].is_final = true;
  EXPECT_EQ(commit(step), committed);
  EXPECT_EQ(commit(next(owner, till, 2)), stale_version) << "final";
  EXPECT_EQ(version_of(till), 2);
  EXPECT_THAT(ledger->refusals(owner), IsEmpty()) << "staleness is not audited";
}

TEST_P(Outcomes, AnotherOwnersTillIsNobody) {
  const InstanceId till = new_till();
  EXPECT_EQ(commit(next(ledger->open_owner(), till, 1)), stale_version);
}

TEST_P(Outcomes, WithoutTheLeaseThereIsNoCommit) {
  const auto [till, job] = till_with_job();
  Step step = answering(next(owner, till, 1), job);
  step.token.bytes[0] ^= 1;
  EXPECT_EQ(commit(step), lost_lease) << "another token";
  step.token = {};
  EXPECT_EQ(commit(step), lost_lease) << "no token";
  step = answering(next(owner, till, 1), job);
  ++step.job.ordinal;
  EXPECT_EQ(commit(step), lost_lease) << "no such job";
  const std::vector<Failure> back = {{job.key, job.token, "worker died", 0, false, false}};
  ASSERT_EQ(ledger->give_back(back), 1);
  EXPECT_EQ(commit(answering(next(owner, till, 1), job)), lost_lease) << "given back";
  step.token = {};
  EXPECT_EQ(commit(answering(next(owner, till, 1), claim().at(0))), committed);
}

TEST_P(Outcomes, AnEmptyTokenIsNotTheTokenOfAnUnleasedJob) {
  const InstanceId till = commit(ordering(birth(owner), "count", {1'000})).born.at(0);
  Step step = next(owner, till, 1);
  step.job = {owner, till, 1, 0};
  EXPECT_EQ(commit(step), lost_lease);
}

TEST_P(Outcomes, WhatWasDecidedBeforeAPauseOrATakeOverIsStale) {
  const InstanceId till = new_till();
  Step step = next(owner, till, 1);
  ledger->raise_control_epoch(owner);
  EXPECT_EQ(commit(step), stale_epoch) << "its owner is paused";
  step.control_epoch = 1;
  ledger->raise_control_epoch({0});
  EXPECT_EQ(commit(step), stale_epoch) << "all are paused";
  step.control_epoch = 2;
  const std::int64_t mine = epoch;
  epoch = ledger->own_shards();
  EXPECT_GT(epoch, mine);
  EXPECT_EQ(ledger->commit(mine, {&step, 1}), std::vector{stale_epoch}) << "another broker has the shard";
  EXPECT_EQ(commit(step), committed);
  EXPECT_EQ(commit(next({owner.value + 1}, till, 2)), stale_epoch) << "an owner that is not there";
}

// A step that is wrong in every way, put right one thing after another.
TEST_P(Outcomes, TheOrderOfTheChecks) {
  fund(cash, 5);
  const auto [till, job] = till_with_job();
  const AccountId coins = open("coins", false, eth);
  Step step = next(owner, till, 9);
  step.job = job.key;
  step.control_epoch = 4;
  step.postings = {pay(cash, {999'999}, 10)};
  EXPECT_EQ(commit(step), stale_epoch);
  step.control_epoch = 0;
  EXPECT_EQ(commit(step), lost_lease);
  step.token = job.token;
  EXPECT_EQ(commit(step), stale_version);
  step.moves[0].version = 1;
  EXPECT_EQ(commit(step), refused(Refusal::unknown_account));
  step.postings = {{PostingKind::single, cash, coins, Amount(usdt, -1), "pay", {}}};
  EXPECT_EQ(commit(step), refused(Refusal::asset_mismatch));
  step.postings[0].credit = cash;
  EXPECT_EQ(commit(step), refused(Refusal::bad_amount));
  step.postings = {pay(cash, shop, 10)};
  EXPECT_EQ(commit(step), refused(Refusal::insufficient_funds));
  step.postings = {pay(cash, shop, 5)};
  EXPECT_EQ(commit(step), committed);
  step.postings = {pay(cash, shop, 4)};
  EXPECT_EQ(commit(step), lost_lease) << "its job is done: the lease is looked at before the conflict";
  step.job = {};
  EXPECT_EQ(commit(step), refused(Refusal::conflict));
}

// Each step deserves two refusals that stand beside each other in the order: the one of the lesser number is given.
TEST_P(Outcomes, RefusalsComeInTheOrderOfTheirNumbers) {
  fund(cash, 100);
  const AccountId coins = open("coins", false, eth);
  const AccountId quiet = ledger->open_account({owner, "quiet", usdt, true, {1}});
  const AccountId flash = ledger->open_account({owner, "flash", usdt, true, {2}});
  const InstanceId till = new_till();
  ASSERT_EQ(commit(with(next(owner, till, 1), {hold(cash, shop, 10), hold(cash, shop, 10)})), committed);
  const HoldKey spent{till, 2, 1};
  const HoldKey open_hold{till, 2, 2};
  ASSERT_EQ(commit(with(next(owner, till, 2), {post(spent, cash, shop, 1)})), committed);
  const auto paying = [](AccountId from, AccountId to, Int128 minor, const HoldKey& key = {}) {
    return Posting{PostingKind::single, from, to, Amount(usdt, minor), "pay", key};
  };
  const AccountId nobodys{999'999};
  Step sends = birth(owner);
  sends.moves[0].kind = "order";
  const InstanceId order = commit(sends).born.at(0);
  const auto of_till = [&](std::vector<Posting> postings, std::int64_t version = 3) {
    return with(next(owner, till, version), std::move(postings));
  };
  sends = with(next(owner, order, 1), {paying(cash, shop, 9'999)});
  sends.moves[0].kind = "order";
  sends.moves[0].event = "send";

  const std::vector<std::pair<Step, Refusal>> deserving = {
      {of_till({paying(nobodys, shop, 1)}, 2), Refusal::conflict},
      {of_till({paying(nobodys, coins, 1)}), Refusal::unknown_account},
      {of_till({paying(cash, coins, -1)}), Refusal::asset_mismatch},
      {of_till({paying(quiet, flash, 0)}), Refusal::bad_amount},
      {of_till({paying(quiet, flash, 1, spent)}), Refusal::crossing},
      {of_till({post(spent, cash, outside, 1)}), Refusal::hold_unknown},
      {of_till({post(spent, cash, shop, 99)}), Refusal::hold_resolved},
      {of_till({paying(cash, shop, 9'999), post(open_hold, cash, shop, 11)}), Refusal::hold_exceeded},
  };
  for (const auto& [step, refusal] : deserving) EXPECT_EQ(commit(step), refused(refusal));
  ledger->freeze(owner, true);
  sends.control_epoch = 1;
  EXPECT_EQ(commit(sends), refused(Refusal::insufficient_funds));
  sends.postings = {paying(cash, shop, 1)};
  EXPECT_EQ(commit(sends), refused(Refusal::frozen));
  ledger->freeze(owner, false);
}

// Decided in spite of a freeze that its facts showed: the epochs agree, and yet nothing leaves.
TEST_P(Outcomes, UnderAFreezeOfEverythingNothingLeaves) {
  fund(cash, 5);
  const auto about = [&](Step step, std::string_view event) {
    step.moves[0].kind = "order";
    step.moves[0].event = event;
    return step;
  };
  Step born = birth(owner);
  born.moves[0].kind = "order";
  const InstanceId first = commit(born).born.at(0), second = commit(born).born.at(0);
  const InstanceId till = new_till();
  for (const machines::OwnerId whom : {owner, machines::OwnerId{0}}) {
    ledger->freeze(whom, true);
    Step sends = with(about(next(owner, first, 1), "send"), {pay(cash, shop, 1)});
    sends.control_epoch = whom == owner ? 1 : 3;
    Step sends_again = about(next(owner, second, 1), "resend");
    Step other = next(owner, till, whom == owner ? 1 : 2);
    sends_again.control_epoch = other.control_epoch = sends.control_epoch;
    EXPECT_EQ(commit(sends), refused(Refusal::frozen));
    EXPECT_THAT(commit_all({sends, other, sends_again}),
                ElementsAre(refused(Refusal::frozen), committed, refused(Refusal::frozen)))
        << "its neighbours stand";
    EXPECT_EQ(available(cash), 5);
    ledger->freeze(whom, false);
  }
  Step sends = about(next(owner, first, 1), "send");
  sends.control_epoch = 4;
  EXPECT_EQ(commit(sends), committed) << "lifted";
}

TEST_P(Outcomes, TheFirstBadPostingNamesTheRefusal) {
  const InstanceId till = new_till();
  const Posting poor = pay(cash, shop, 10);
  const Posting zero = pay(cash, shop, 0);
  const Posting lost = pay(cash, {999'999}, 10);
  EXPECT_EQ(commit(with(next(owner, till, 1), {poor, zero, lost})), refused(Refusal::bad_amount));
  EXPECT_EQ(commit(with(next(owner, till, 1), {poor, lost, zero})), refused(Refusal::unknown_account));
}

TEST_P(Outcomes, ARefusalSinksNoNeighbour) {
  fund(cash, 100);
  std::vector<InstanceId> tills;
  for (int i = 0; i < 8; ++i) tills.push_back(new_till());
  std::vector<Step> steps;
  for (const InstanceId till : tills) steps.push_back(with(next(owner, till, 1), {pay(cash, shop, 10)}));
  steps[1].postings[0] = pay(cash, shop, 1'000);
  steps[2].control_epoch = 1;
  steps[3].job = {owner, tills[3], 1, 0};
  steps[4].moves[0].version = 2;
  steps[5].postings[0].credit = {999'999};
  steps[6].postings[0] = pay(cash, shop, 0);
  EXPECT_THAT(commit_all(steps),
              ElementsAre(committed, refused(Refusal::insufficient_funds), stale_epoch, lost_lease, stale_version,
                          refused(Refusal::unknown_account), refused(Refusal::bad_amount), committed));
  EXPECT_EQ(available(cash), 80);
  EXPECT_THAT(ledger->entries(owner, shop), SizeIs(2));
  for (const std::size_t at : {1U, 2U, 3U, 4U, 5U, 6U}) EXPECT_EQ(version_of(tills[at]), 1);
}

TEST_P(Outcomes, ARearmedTimerStandsBesideAStepThatDoesNotFit) {
  const auto [till, job] = till_with_job();
  const InstanceId other = new_till();
  Step timer;
  timer.owner = owner;
  timer = answering(timer, job, Fate::rearmed);
  timer.rearm_at = {7'000};
  EXPECT_THAT(commit_all({next(owner, other, 5), timer, next(owner, other, 1)}),
              ElementsAre(stale_version, committed, committed));
  EXPECT_THAT(claim({6'999}), IsEmpty());
  EXPECT_THAT(claim({7'000}), SizeIs(1));
}

TEST_P(Outcomes, AStepSeesTheStepsBeforeItInTheCall) {
  const InstanceId a = new_till();
  const InstanceId b = new_till();
  const Step in = with(next(owner, a, 1), {pay(outside, cash, 10)});
  const Step out = with(next(owner, b, 1), {pay(cash, shop, 10)});
  EXPECT_THAT(commit_all({out, in}), ElementsAre(refused(Refusal::insufficient_funds), committed));
  EXPECT_THAT(commit_all({with(next(owner, a, 2), {pay(outside, cash, 1)}), out}), ElementsAre(committed, committed));
  EXPECT_EQ(available(cash), 1);
}

TEST_P(Outcomes, OneTillMovesTwiceInOneCall) {
  const InstanceId till = new_till();
  EXPECT_THAT(commit_all({next(owner, till, 1), next(owner, till, 2)}), ElementsAre(committed, committed));
  EXPECT_THAT(commit_all({next(owner, till, 4), next(owner, till, 3)}), ElementsAre(stale_version, committed));
  EXPECT_EQ(version_of(till), 4);
}

TEST_P(Outcomes, OneStepTwiceInOneCallPostsOnce) {
  fund(cash, 100);
  const auto [till, job] = till_with_job();
  const Step step = answering(with(next(owner, till, 1), {pay(cash, shop, 10)}), job);
  EXPECT_THAT(commit_all({step, step}), ElementsAre(committed, committed));
  EXPECT_EQ(available(cash), 90);
}

TEST_P(Outcomes, OfTwoRivalsInOneCallTheFirstWins) {
  fund(cash, 100);
  const InstanceId till = new_till();
  EXPECT_THAT(commit_all({with(next(owner, till, 1), {pay(cash, shop, 10)}),
                          with(next(owner, till, 1), {pay(cash, shop, 11)})}),
              ElementsAre(committed, refused(Refusal::conflict)));
  EXPECT_EQ(available(cash), 90);
}

TEST_P(Outcomes, Inv5ARefusedStepLeavesNothingButItsRefusal) {
  const auto [till, job] = till_with_job();
  const std::string before = ledger->digest();
  const auto jobs = ledger->jobs(owner);
  Step step = answering(with(next(owner, till, 1), {pay(outside, cash, 5), pay(cash, shop, 10)}), job);
  step.moves.push_back(born(1, till));
  EXPECT_EQ(commit(ordering(step, "close", {9'000})), refused(Refusal::insufficient_funds));
  EXPECT_EQ(ledger->digest(), before);
  EXPECT_EQ(ledger->jobs(owner), jobs) << "the lease stands";
  EXPECT_EQ(version_of(till), 1);
  EXPECT_THAT(ledger->entries(owner, outside), IsEmpty());
  EXPECT_THAT(ledger->refusals(owner), ElementsAre("insufficient_funds"));
}

TEST_P(Outcomes, ABirthThatIsRefusedSinksNoOtherBirth) {
  EXPECT_EQ(commit(with(birth(owner), {pay(cash, shop, 1)})), refused(Refusal::insufficient_funds));
  const auto results = commit_all({birth(owner), with(birth(owner), {pay(cash, shop, 1)}), birth(owner)});
  EXPECT_EQ(results[0].outcome, Outcome::committed);
  EXPECT_EQ(results[1], refused(Refusal::insufficient_funds));
  EXPECT_EQ(results[2].outcome, Outcome::committed);
  EXPECT_NE(results[0].born, results[2].born);
}

TEST_P(Outcomes, Inv21ARefusalBindsNoOtherToken) {
  const auto [till, job] = till_with_job();
  const Step step = with(next(owner, till, 1), {pay(cash, shop, 10)});
  EXPECT_EQ(commit(answering(step, job)), refused(Refusal::insufficient_funds));
  fund(cash, 10);
  const std::vector<Failure> back = {{job.key, job.token, "poor", 0, false, true}};
  ASSERT_EQ(ledger->give_back(back), 1);
  EXPECT_EQ(commit(answering(step, claim().at(0))), committed);
}

TEST_P(Outcomes, ARefusedStepWithoutAJobSinksNoNeighbour) {
  const InstanceId a = new_till();
  const InstanceId b = new_till();
  EXPECT_THAT(commit_all({with(next(owner, a, 1), {pay(cash, shop, 10)}), next(owner, b, 1)}),
              ElementsAre(refused(Refusal::insufficient_funds), committed));
  EXPECT_THAT(ledger->refusals(owner), ElementsAre("insufficient_funds"));
}

TEST_P(Outcomes, ParentAndChildMoveTogetherOrNotAtAll) {
  fund(cash, 10);
  const InstanceId parent = new_till();
  Step step = with(next(owner, parent, 1), {hold(cash, shop, 10)});
  step.moves.push_back(born(1, parent));
  step.jobs.push_back({Subject::birth(1), "place", false, {3'000}, {}});
  const StepResult result = commit(step);
  ASSERT_THAT(result.born, SizeIs(1));
  const InstanceId child = result.born[0];
  EXPECT_EQ(version_of(child), 1);
  EXPECT_THAT(ledger->jobs(owner), ElementsAre(JobRow{{owner, child, 1, 0}, "place", false, {3'000}, false}));
  Step both = with(next(owner, child, 1), {post({parent, 2, 1}, cash, shop, 10)});
  both.moves.push_back(moved(Subject::of(parent), 1));
  EXPECT_EQ(commit(both), stale_version);
  EXPECT_EQ(version_of(child), 1) << "nor does the child move";
  both.moves[1].version = 2;
  EXPECT_EQ(commit(both), committed);
  EXPECT_EQ(version_of(child), 2);
  EXPECT_EQ(version_of(parent), 3);
}

}  // namespace
}  // namespace tests
