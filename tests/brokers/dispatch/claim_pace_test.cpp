// When a broker claims, how much, and how long it waits after a claim that brought nothing: each rule by itself.
#include "brokers/dispatch/claim_pace.hpp"

#include <gmock/gmock.h>

namespace brokers::dispatch {
namespace {

using Question = ClaimPace::Question;

constexpr std::int64_t start_us = 1'000'000;
constexpr std::int64_t poll_us = 200'000;

Rules rules_with(int claim_limit, std::int64_t safety_poll_us = poll_us) {
  Rules rules;
  rules.claim_limit = claim_limit;
  rules.safety_poll_us = safety_poll_us;
  return rules;
}

ClaimPace::Load idle(int credit) { return {.credit = credit}; }

// A pace whose first claim, of all that its limit allows, brought this.
ClaimPace after_claim(std::size_t brought, std::size_t went_back = 0) {
  ClaimPace pace(rules_with(100));
  EXPECT_EQ(pace.next(idle(1'000), start_us).question, Question::claim);
  pace.claimed(brought, went_back, start_us);
  return pace;
}

TEST(ClaimPace, TheFirstClaimNeedsNoHintAndOneQuestionIsOutAtATime) {
  ClaimPace pace(rules_with(100));
  EXPECT_EQ(pace.next(idle(1'000), start_us).question, Question::claim);
  pace.hint();
  EXPECT_EQ(pace.next(idle(1'000), start_us).question, Question::none);
  pace.claimed(1, 0, start_us);
  pace.hint();
  EXPECT_EQ(pace.next(idle(1'000), start_us).question, Question::claim);
}

TEST(ClaimPace, AClaimAsksForItsLimitOrTheRoomThereIsAndForOneAtLeast) {
  const auto limit = [](int credit) { return ClaimPace(rules_with(100)).next(idle(credit), start_us).limit; };
  EXPECT_EQ(limit(1'000), 100);
  EXPECT_EQ(limit(30), 30);
  EXPECT_EQ(limit(0), 1);
  EXPECT_EQ(limit(-5), 1);
}

TEST(ClaimPace, BesideWorkItClaimsOnlyWithRoomForHalfAClaim) {
  const auto asks = [](ClaimPace::Load load) { return ClaimPace(rules_with(100)).next(load, 1).question; };
  EXPECT_EQ(asks({.in_flight = 200, .credit = 50}), Question::claim);
  EXPECT_EQ(asks({.in_flight = 200, .credit = 49}), Question::none);
  // Where the workers take 40 in all, half of those is enough.
  EXPECT_EQ(asks({.in_flight = 20, .credit = 20}), Question::claim);
  EXPECT_EQ(asks({.in_flight = 21, .credit = 19}), Question::none);
}

TEST(ClaimPace, WhatWaitsHereTakesRoomButForWhatIsHeldBack) {
  const auto asks = [](int held_back) {
    return ClaimPace(rules_with(100)).next({.queued = 60, .held_back = held_back, .credit = 100}, 1).question;
  };
  EXPECT_EQ(asks(0), Question::none);
  EXPECT_EQ(asks(60), Question::claim);
}

TEST(ClaimPace, AFullAnswerIsFollowedByTheNextClaimAndAPartOfOneIsNot) {
  ClaimPace full = after_claim(100);
  EXPECT_EQ(full.next(idle(1'000), start_us).question, Question::claim);
  ClaimPace partly = after_claim(99);
  EXPECT_EQ(partly.next(idle(1'000), start_us).question, Question::none);
}

TEST(ClaimPace, WithoutAHintItClaimsAtTheSafetyPollAndNotBefore) {
  ClaimPace pace = after_claim(0);
  pace.poll(start_us + poll_us - 1);
  EXPECT_EQ(pace.next(idle(10), start_us + poll_us - 1).question, Question::none);
  pace.poll(start_us + poll_us);
  EXPECT_EQ(pace.next(idle(10), start_us + poll_us).question, Question::claim);
  EXPECT_EQ(pace.next_us(start_us), start_us + poll_us);
}

TEST(ClaimPace, AClaimThatMostlyWentBackIsFollowedByARestWhoeverHints) {
  ClaimPace pace = after_claim(100, 50);
  pace.hint();
  EXPECT_EQ(pace.next(idle(1'000), start_us + poll_us - 1).question, Question::none);
  EXPECT_EQ(pace.next_us(start_us + poll_us - 5), start_us + poll_us);
  EXPECT_EQ(pace.next(idle(1'000), start_us + poll_us).question, Question::claim);

  ClaimPace less = after_claim(100, 49);
  less.hint();
  EXPECT_EQ(less.next(idle(1'000), start_us).question, Question::claim);
}

TEST(ClaimPace, ARestLastsTwoTenthsOfASecondHoweverRarePollsAre) {
  ClaimPace pace(rules_with(100, 60'000'000));
  (void)pace.next(idle(1'000), start_us);
  pace.claimed(100, 100, start_us);
  EXPECT_EQ(pace.next(idle(1'000), start_us + 199'999).question, Question::none);
  EXPECT_EQ(pace.next(idle(1'000), start_us + 200'000).question, Question::claim);
}

TEST(ClaimPace, WhileTheWorldWaitsAnIdleBrokerAsksWhatIsDueBeforeItClaims) {
  ClaimPace pace = after_claim(100);
  ClaimPace::Load load = idle(1'000);
  load.world_waits = true;
  EXPECT_EQ(pace.next(load, start_us).question, Question::ask_due);
  EXPECT_EQ(pace.next(load, start_us).question, Question::none);  // it is out
  pace.due_answered();
  pace.nothing_is_due();
  EXPECT_EQ(pace.next(idle(1'000), start_us).question, Question::none);
}

TEST(ClaimPace, WhileTheWorldWaitsNothingIsClaimedUntilAJobEndsThatWasNotReArmed) {
  ClaimPace pace = after_claim(100);
  const ClaimPace::Load busy{.in_flight = 3, .credit = 1'000, .world_waits = true};
  pace.ended(true);
  EXPECT_EQ(pace.next(busy, start_us).question, Question::none);
  pace.ended(false);
  EXPECT_EQ(pace.next(busy, start_us).question, Question::claim);
  pace.claimed(0, 0, start_us);
  pace.ended(false);
  pace.failed();
  EXPECT_EQ(pace.next(busy, start_us).question, Question::none);
  pace.world_has_come();
  EXPECT_EQ(pace.next(busy, start_us).question, Question::claim);
}

TEST(ClaimPace, WhatIsDueIsClaimedWhenItsBackOffIsOverAtMostOnePollLater) {
  ClaimPace pace = after_claim(1);
  pace.something_is_due(3'000, start_us);
  EXPECT_EQ(pace.next(idle(10), start_us + 2'999).question, Question::none);
  EXPECT_EQ(pace.next_us(start_us), start_us + 3'000);
  EXPECT_EQ(pace.next(idle(10), start_us + 3'000).question, Question::claim);

  ClaimPace late = after_claim(1);
  late.something_is_due(10 * poll_us, start_us);
  EXPECT_EQ(late.next(idle(10), start_us + poll_us - 1).question, Question::none);
  EXPECT_EQ(late.next(idle(10), start_us + poll_us).question, Question::claim);
}

TEST(ClaimPace, WhatIsDueAndNotToBeHadIsAskedForEverMoreSlowly) {
  ClaimPace pace = after_claim(0);
  std::int64_t now = start_us;
  for (const std::int64_t wait_us : {1'000, 2'000, 4'000, 8'000, 16'000, 32'000, 64'000, 128'000, 128'000}) {
    pace.something_is_due(0, now);
    EXPECT_EQ(pace.next(idle(10), now + wait_us - 1).question, Question::none);
    now += wait_us;
    EXPECT_EQ(pace.next(idle(10), now).question, Question::claim) << wait_us;
    pace.claimed(0, 0, now);
  }
  // One that brings something ends the row; so does the world's next step.
  pace.world_was_released();
  EXPECT_EQ(pace.next(idle(10), now).question, Question::claim);
  pace.claimed(1, 0, now);
  pace.something_is_due(0, now);
  EXPECT_EQ(pace.next(idle(10), now).question, Question::claim);
}

TEST(ClaimPace, TheWorldsNextStepEndsEveryWaitButTheRest) {
  ClaimPace pace = after_claim(0);
  pace.something_is_due(0, start_us);
  pace.world_was_released();
  EXPECT_EQ(pace.next(idle(10), start_us).question, Question::claim);

  ClaimPace rests = after_claim(100, 100);
  rests.world_was_released();
  EXPECT_EQ(rests.next(idle(10), start_us).question, Question::none);
}

TEST(ClaimPace, WithoutRoomTheUrgentAreLookedForOnceAPoll) {
  ClaimPace pace = after_claim(100);
  const ClaimPace::Load full{.queued = 100, .in_flight = 1'000};
  EXPECT_EQ(pace.next(full, start_us + poll_us - 1).question, Question::none);
  EXPECT_EQ(pace.next(full, start_us + poll_us).question, Question::claim_urgent);
  EXPECT_EQ(pace.next(full, start_us + 3 * poll_us).question, Question::none);  // it is out
  pace.claimed(0, 0, start_us + poll_us);
  EXPECT_EQ(pace.next(full, start_us + 2 * poll_us - 1).question, Question::none);
  EXPECT_EQ(pace.next(full, start_us + 2 * poll_us).question, Question::claim_urgent);
  pace.withdraw();  // no command is urgent: nothing is out
  EXPECT_EQ(pace.next(full, start_us + 3 * poll_us).question, Question::claim_urgent);
}

TEST(ClaimPace, AnUrgentClaimsAnswerSaysNothingOfTheRest) {
  ClaimPace pace = after_claim(100);  // a full answer: it still hints
  const ClaimPace::Load full{.queued = 100, .in_flight = 1'000};
  ASSERT_EQ(pace.next(full, start_us + poll_us).question, Question::claim_urgent);
  pace.claimed(2, 2, start_us + poll_us);
  EXPECT_EQ(pace.next(idle(1'000), start_us + poll_us).question, Question::claim);
}

}  // namespace
}  // namespace brokers::dispatch
