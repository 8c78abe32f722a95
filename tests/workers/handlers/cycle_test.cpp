// tests/workers/handlers/cycle_test.cpp: a sleeve cycle's jobs: what a look at the price commits, and what it leaves.
#include "tests/workers/handlers/sample.hpp"

namespace tests::handlers {
namespace {

using machines::Fate;
using machines::Subject;
using testing::HasSubstr;
using workers::handlers::CycleHandler;
using workers::handlers::Decision;

machines::sleeve_cycle::Data watching() {
  machines::sleeve_cycle::Data data;
  data.cost = data.proceeds = data.fees = data.realized = dollars(0);
  data.base = coins(0);
  return data;
}

// Two coins bought at 50.00 each, with no fees.
machines::sleeve_cycle::Data holding() {
  auto data = watching();
  data.cost = dollars(10'000);
  data.base = coins(2'000);
  data.entry_price = {5'000'000'000};
  data.entered_at = close_time - machines::hours(5);
  return data;
}

class Cycle : public testing::Test {
 protected:
  static ledger::journal::Facts facts(const std::string& state, const machines::sleeve_cycle::Data& data) {
    return facts_of("sleeve_cycle", state, schemas::write_cycle(data), 4);
  }
  // Prices that rose by 2 % in an hour and 4 % in four: the default rules buy.
  static ledger::journal::Facts rising(ledger::journal::Facts facts) {
    facts.close_now = machines::Price{10'400'000'000};
    facts.close_1h = machines::Price{10'196'000'000};
    facts.close_4h = machines::Price{10'000'000'000};
    return facts;
  }
  Decision look(const ledger::journal::Facts& facts) const { return handler_.on_job(evaluate_, facts); }

  ledger::books::Sleeves sleeves_ = sleeves();
  CycleHandler handler_{sleeves_};
  machines::LeasedJob evaluate_ = job_of(cycle_id, "sleeve_cycle", "evaluate");
};

TEST_F(Cycle, ItNamesItselfAndCallsNobody) {
  EXPECT_EQ(handler_.capability().kind, "sleeve_cycle");
  EXPECT_TRUE(handler_.is_pure("evaluate"));
  EXPECT_TRUE(given_up(handler_.on_answer(evaluate_, facts("watching", watching()), {})).fatal);
}

TEST_F(Cycle, NothingToDoLooksAgainAtTheNextClose) {
  const Decision decision = look(facts("watching", watching()));
  expect_nothing_but(decision, Fate::rearmed);
  EXPECT_EQ(step_in(decision).rearm_at, close_time + machines::hours(1));
  expect_addressed(step_in(decision), evaluate_);
}

TEST_F(Cycle, ASignalHoldsTheMoneyAndBearsTheOrderInOneStep) {
  const Decision decision = look(rising(facts("watching", watching())));
  const machines::Step& step = step_in(decision);
  expect_addressed(step, evaluate_);
  EXPECT_EQ(step.fate, Fate::done);
  ASSERT_EQ(step.moves.size(), 2U);
  EXPECT_EQ(step.moves[0].instance, Subject::of(cycle_id));
  EXPECT_EQ(step.moves[0].version, 4);
  EXPECT_EQ(step.moves[0].to, "entering");
  EXPECT_EQ(step.moves[1].instance, Subject::birth(1));
  EXPECT_EQ(step.moves[1].kind, "order");
  EXPECT_EQ(step.moves[1].parent, cycle_id);
  ASSERT_EQ(step.postings.size(), 1U);
  EXPECT_EQ(step.postings[0].kind, machines::PostingKind::hold);
  EXPECT_EQ(step.postings[0].amount, dollars(10'000));
  const auto order = schemas::parse_order(step.moves[1].data);
  ASSERT_TRUE(order.has_value());
  EXPECT_EQ(order->hold, (machines::HoldKey{cycle_id, 5, 1})) << "the hold that this very step makes";
  EXPECT_EQ(order->held, dollars(10'000));
  ASSERT_EQ(step.jobs.size(), 1U);
  EXPECT_EQ(step.jobs[0].command, "place_order");
  EXPECT_EQ(step.jobs[0].instance, Subject::birth(1));
}

TEST_F(Cycle, APausedOneComesToRestInsteadOfBuying) {
  auto seen = rising(facts("watching", watching()));
  seen.paused = true;
  const Decision decision = look(seen);
  const machines::Step& step = step_in(decision);
  ASSERT_EQ(step.moves.size(), 1U);
  EXPECT_EQ(step.moves[0].to, "paused");
  EXPECT_TRUE(step.postings.empty() && step.jobs.empty());
}

TEST_F(Cycle, AFreezeStopsBuysAndOneOfEverythingStopsSales) {
  auto buying = rising(facts("watching", watching()));
  buying.frozen = "entries+transfers";
  expect_nothing_but(look(buying), Fate::rearmed);
  auto selling = facts("holding", holding());
  selling.base_available = 2'000;
  selling.close_now = selling.close_1h = selling.close_4h = machines::Price{4'000'000'000};  // a fifth is lost
  selling.frozen = "entries+transfers";
  EXPECT_EQ(step_in(look(selling)).moves.at(0).to, "leaving");
  selling.frozen = "all";
  expect_nothing_but(look(selling), Fate::rearmed);
}

TEST_F(Cycle, AStopSellsWhatTheSleeveHas) {
  auto seen = facts("holding", holding());
  seen.base_available = 2'000;
  seen.close_now = seen.close_1h = seen.close_4h = machines::Price{4'000'000'000};
  const Decision decision = look(seen);
  const machines::Step& step = step_in(decision);
  ASSERT_EQ(step.moves.size(), 2U);
  EXPECT_EQ(schemas::parse_cycle(step.moves[0].data)->exit_reason, "stop_loss");
  const auto order = schemas::parse_order(step.moves[1].data);
  ASSERT_TRUE(order.has_value());
  EXPECT_FALSE(order->is_buy);
  EXPECT_EQ(order->size, coins(2'000));
}

TEST_F(Cycle, ALookThatComesTooLateIsDoneWith) {
  for (const char* state : {"entering", "leaving", "closed", "paused"})
    expect_nothing_but(look(rising(facts(state, holding()))), Fate::done);
}

TEST_F(Cycle, AResumeWakesWhatRestsAndNothingElse) {
  const auto resume = event_for(cycle_id, "sleeve_cycle", "resume");
  const Decision woken = handler_.on_job(resume, facts("paused", watching()));
  const machines::Step& step = step_in(woken);
  ASSERT_EQ(step.moves.size(), 1U);
  EXPECT_EQ(step.moves[0].to, "watching");
  ASSERT_EQ(step.jobs.size(), 1U);
  EXPECT_EQ(step.jobs[0].world_at, close_time + machines::hours(1));
  expect_nothing_but(handler_.on_job(resume, facts("holding", holding())), Fate::done);
  auto still = facts("paused", watching());
  still.paused = true;  // another pause holds it
  expect_nothing_but(handler_.on_job(resume, still), Fate::done);
}

TEST_F(Cycle, WhatCannotBeReadIsParkedWithItsReason) {
  const auto reason_of = [&](const ledger::journal::Facts& facts) {
    const auto made = given_up(look(facts));
    EXPECT_TRUE(made.fatal);
    return made.reason;
  };
  EXPECT_THAT(reason_of(facts("sleeping", watching())), HasSubstr("unknown state sleeping"));
  auto unreadable = facts("watching", watching());
  unreadable.data = "{";
  EXPECT_THAT(reason_of(unreadable), HasSubstr("can't be read"));
  const auto made =
      given_up(handler_.on_job(event_for(cycle_id, "sleeve_cycle", "dance"), facts("paused", watching())));
  EXPECT_TRUE(made.fatal);
  EXPECT_EQ(made.reason, "unknown event dance");
}

TEST_F(Cycle, ASleeveThatIsNotKnownYetIsWaitedFor) {
  auto other = facts("watching", watching());
  other.sleeve = {6};
  const auto made = given_up(look(other));
  EXPECT_FALSE(made.fatal);
  EXPECT_EQ(made.error, machines::CallError::retry_later);
  EXPECT_GT(made.retry_after_ms, 0);
}

}  // namespace
}  // namespace tests::handlers
