// tests/machines/core/step_test.cpp: what a step says about its jobs, what its postings leave available, and when a bar
// opens and closes.
#include "machines/core/step.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "machines/core/sleeve.hpp"

namespace {

using machines::AccountId;
using machines::Amount;
using machines::InstanceId;
using machines::Instant;
using machines::Posting;
using machines::PostingKind;
using machines::Subject;

constexpr AccountId mine{1};
constexpr AccountId theirs{2};

Posting posting(PostingKind kind, AccountId debit, AccountId credit, int minor) {
  return {kind, debit, credit, Amount({1}, minor), "code", {}};
}

machines::Int128 change(const std::vector<Posting>& postings, int held = 0) {
  return machines::change_of_available(mine, postings, Amount({1}, held)).value();
}

TEST(Step, DescribesTheJobsOfOneInstance) {
  machines::Step step;
  step.jobs = {{Subject::of(InstanceId{7}), "evaluate", false, {1'000}, {}},
               {Subject::birth(1), "place_order", false, {5}, {}},
               {Subject::of(InstanceId{7}), "again", false, {-2}, {}}};
  EXPECT_EQ(machines::describe_jobs(step, Subject::of(InstanceId{7})), "evaluate@1000 again@-2");
  EXPECT_EQ(machines::describe_jobs(step, Subject::birth(1)), "place_order@5");
  EXPECT_EQ(machines::describe_jobs(step, Subject::birth(2)), "");
  machines::Move birth;
  birth.instance = Subject::birth(1);
  birth.parent = InstanceId{7};
  birth.sleeve = machines::SleeveId{2};
  step.moves = {birth};
  EXPECT_EQ(machines::describe_jobs(step, Subject::birth(1)), "place_order@5 born(7,2,1)") << "the digest covers it";
  EXPECT_EQ(machines::describe_jobs(step, Subject::birth(2)), "") << "another one";
}

TEST(Available, FallsByWhatIsReservedAndRisesByWhatIsReleased) {
  EXPECT_EQ(change({posting(PostingKind::single, mine, theirs, 10)}), -10);
  EXPECT_EQ(change({posting(PostingKind::single, theirs, mine, 10)}), 10);
  EXPECT_EQ(change({posting(PostingKind::hold, mine, theirs, 10)}), -10);
  EXPECT_EQ(change({posting(PostingKind::hold, theirs, mine, 10)}), 0) << "pending money can't be spent yet";
  EXPECT_EQ(change({posting(PostingKind::post, mine, theirs, 10)}, 25), 15) << "25 were held, 10 went out";
  EXPECT_EQ(change({posting(PostingKind::void_, mine, theirs, 0)}, 25), 25);
}

TEST(Available, APartFillThatHoldsTheRestAgainChangesNothing) {
  EXPECT_EQ(change({posting(PostingKind::post, mine, theirs, 10), posting(PostingKind::single, mine, theirs, 1),
                    posting(PostingKind::hold, mine, theirs, 14)},
                   25),
            0);
}

RC_GTEST_PROP(Instants, TheNextOpenAndCloseAreTheFirstThatAreStrictlyLater, ()) {
  const Instant at{*rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000'000)};
  const Instant open = machines::next_bar_open(at);
  RC_ASSERT(open > at);
  RC_ASSERT(open.us % machines::hours(1).us == 0);
  RC_ASSERT(open - at <= machines::hours(1));
  const Instant close = machines::next_bar_close(at);
  RC_ASSERT(close > at);
  RC_ASSERT((close + machines::milliseconds(1)).us % machines::hours(1).us == 0);
  RC_ASSERT(close - at <= machines::hours(1));
}

}  // namespace
