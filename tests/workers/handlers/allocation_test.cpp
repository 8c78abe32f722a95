// tests/workers/handlers/allocation_test.cpp: a movement of coins between vault and sleeve: what is committed, what the
// sleeve's own machine keeps, and what is refused in sight.
#include "tests/workers/handlers/sample.hpp"

namespace tests::handlers {
namespace {

using machines::Subject;
using machines::allocation::Movement;
using testing::HasSubstr;
using workers::handlers::AllocationHandler;
using workers::handlers::Decision;

class Allocation : public testing::Test {
 protected:
  static std::string data(Movement movement, machines::Int128 amount) {
    machines::allocation::Data made;
    made.movement = movement;
    made.amount = dollars(amount);
    made.reserve = dollars(0);
    made.who = "ann";
    made.why = "a test";
    made.external = {31};
    made.vault_reserve = {32};
    made.tradeable = {18};
    return schemas::write_allocation(made);
  }
  static ledger::journal::Facts facts(Movement movement, machines::Int128 amount) {
    auto made = facts_of("allocation", "requested", data(movement, amount), 1);
    machines::vault::Data vault;
    vault.reserve.flexed = dollars(0);
    made.vault_data = schemas::write_vault(vault);
    made.tradeable_available = 50'000;
    made.reserve_available = 20'000;
    made.vault_total = 80'000;
    made.sleeve_has_cycle = true;
    return made;
  }
  // Of the vault alone: no sleeve takes part.
  static ledger::journal::Facts without_sleeve(ledger::journal::Facts made) {
    made.sleeve = {0};
    made.sleeve_instance = {0};
    made.sleeve_data = "";
    return made;
  }
  Decision decide(const ledger::journal::Facts& facts) const { return handler_.on_job(job_, facts); }
  std::string refusal_of(const ledger::journal::Facts& facts) const {
    const Decision decision = decide(facts);
    const machines::Step& step = step_in(decision);
    EXPECT_EQ(step.moves.size(), 1U);
    EXPECT_TRUE(step.postings.empty());
    if (step.moves.empty()) return "";
    EXPECT_EQ(step.moves[0].to, "refused");
    return schemas::parse_allocation(step.moves[0].data)->reason;
  }

  ledger::books::Sleeves sleeves_ = sleeves();
  AllocationHandler handler_{sleeves_};
  machines::LeasedJob job_ = job_of(allocation_id, "allocation", "allocate");
};

TEST_F(Allocation, ItNamesItselfAndCallsNobody) {
  EXPECT_EQ(handler_.capability().kind, "allocation");
  EXPECT_TRUE(handler_.is_pure("allocate"));
  EXPECT_TRUE(given_up(handler_.on_answer(job_, facts(Movement::elect, 1), {})).fatal);
}

TEST_F(Allocation, CoinsAndTheSleevesOwnMachineMoveInOneStep) {
  const Decision decision = decide(facts(Movement::allocate_to_sleeve, 2'500));
  const machines::Step& step = step_in(decision);
  expect_addressed(step, job_);
  ASSERT_EQ(step.moves.size(), 2U);
  EXPECT_EQ(step.moves[0].to, "settled");
  EXPECT_TRUE(step.moves[0].is_final);
  EXPECT_EQ(step.moves[1].instance, Subject::of(sleeve_id));
  EXPECT_EQ(step.moves[1].event, "allocate");
  EXPECT_EQ(step.moves[1].version, 2);
  EXPECT_EQ(schemas::parse_sleeve(step.moves[1].data)->allocation, dollars(12'500));
  ASSERT_EQ(step.postings.size(), 1U);
  EXPECT_EQ(step.postings[0].debit.value, 18);
  EXPECT_EQ(step.postings[0].credit.value, 11);
  EXPECT_EQ(step.postings[0].amount, dollars(2'500));
  EXPECT_TRUE(step.jobs.empty()) << "its cycle lives";
}

TEST_F(Allocation, TheFirstOneStartsTheSleevesFirstCycle) {
  auto first = facts(Movement::allocate_to_sleeve, 2'500);
  first.sleeve_has_cycle = false;
  const Decision decision = decide(first);
  const machines::Step& step = step_in(decision);
  ASSERT_EQ(step.moves.size(), 3U);
  EXPECT_EQ(step.moves[2].instance, Subject::birth(1));
  EXPECT_EQ(step.moves[2].kind, "sleeve_cycle");
  EXPECT_EQ(step.moves[2].sleeve, flash);
  EXPECT_EQ(step.moves[2].parent, allocation_id);
  EXPECT_EQ(schemas::parse_cycle(step.moves[2].data)->base, coins(0));
  ASSERT_EQ(step.jobs.size(), 1U);
  EXPECT_EQ(step.jobs[0].command, "evaluate");
}

TEST_F(Allocation, AReclaimTakesNoMoreThanIsFree) {
  const Decision decision = decide(facts(Movement::reclaim, 10'000));
  const machines::Step& step = step_in(decision);
  ASSERT_EQ(step.moves.size(), 2U);
  EXPECT_EQ(step.moves[1].event, "reclaim");
  EXPECT_EQ(schemas::parse_sleeve(step.moves[1].data)->allocation, dollars(0));
  EXPECT_EQ(step.postings.at(0).credit.value, 18);
  EXPECT_THAT(refusal_of(facts(Movement::reclaim, 10'001)), HasSubstr("above what the sleeve has available"));
}

TEST_F(Allocation, TheVaultsOwnMovementsNeedNoSleeve) {
  const Decision elected = decide(without_sleeve(facts(Movement::elect, 20'000)));
  ASSERT_EQ(step_in(elected).moves.size(), 1U);
  EXPECT_EQ(step_in(elected).postings.at(0).credit.value, 18);
  const Decision released = decide(without_sleeve(facts(Movement::release, 50'000)));
  EXPECT_EQ(step_in(released).postings.at(0).credit.value, 32);
  EXPECT_THAT(refusal_of(without_sleeve(facts(Movement::release, 50'001))), HasSubstr("above what is tradeable"));
}

TEST_F(Allocation, WhatTheReserveKeepsIsNotElected) {
  machines::vault::Data vault;
  vault.reserve = {machines::policy::Rule::fixed, {100'000}, {}, {}, dollars(0)};  // 10 % of 800.00
  auto kept = without_sleeve(facts(Movement::elect, 12'000));
  kept.vault_data = schemas::write_vault(vault);
  EXPECT_EQ(step_in(decide(kept)).moves.at(0).to, "settled");
  kept.data = data(Movement::elect, 12'001);
  EXPECT_THAT(refusal_of(kept), HasSubstr("above what the reserve leaves"));
}

TEST_F(Allocation, AFreezeRefusesWhatWouldGoToASleeve) {
  auto frozen = facts(Movement::allocate_to_sleeve, 2'500);
  frozen.frozen = "entries+transfers";
  EXPECT_THAT(refusal_of(frozen), HasSubstr("entries and transfers are frozen"));
  auto back = facts(Movement::reclaim, 2'500);
  back.frozen = "entries+transfers";
  EXPECT_EQ(step_in(decide(back)).moves.at(0).to, "settled");
  back.frozen = "all";
  EXPECT_THAT(refusal_of(back), HasSubstr("everything is frozen"));
}

TEST_F(Allocation, WhatCannotBeReadOrMeantIsParked) {
  const auto parked = [&](const ledger::journal::Facts& facts) {
    const auto made = given_up(decide(facts));
    EXPECT_TRUE(made.fatal);
    return made.reason;
  };
  auto settled = facts(Movement::reclaim, 1);
  settled.state = "settled";
  EXPECT_EQ(parked(settled), "refused: no_such_row");
  auto unreadable = facts(Movement::reclaim, 1);
  unreadable.data = "";
  EXPECT_THAT(parked(unreadable), HasSubstr("the allocation's state or data"));
  auto vaultless = facts(Movement::reclaim, 1);
  vaultless.vault_data = "{}";
  EXPECT_THAT(parked(vaultless), HasSubstr("the sleeve's or the vault's data"));
  EXPECT_EQ(parked(facts(Movement::reclaim, 0)), "refused: not_positive");
  auto unknown = facts(Movement::reclaim, 1);
  unknown.sleeve = {6};
  EXPECT_FALSE(given_up(decide(unknown)).fatal);
}

}  // namespace
}  // namespace tests::handlers
