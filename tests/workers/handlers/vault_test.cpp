// tests/workers/handlers/vault_test.cpp: a vault's daily review: flexing, proposals, and a review that a person
// ordered.
#include "tests/workers/handlers/sample.hpp"

namespace tests::handlers {
namespace {

using machines::Fate;
using machines::Subject;
using machines::policy::Rule;
using testing::HasSubstr;
using workers::handlers::Decision;
using workers::handlers::VaultHandler;

constexpr machines::Instant half_past = machines::Instant{0} + machines::hours(24 * 3) + machines::seconds(1'800);

class Vault : public testing::Test {
 protected:
  Vault() { job_.world_at = event_.world_at = half_past; }
  static std::string flexing(machines::Int128 flexed = 0) {
    machines::vault::Data data;
    data.reserve = {Rule::flexing, {50'000}, {200'000}, {400'000}, dollars(flexed)};
    return schemas::write_vault(data);
  }
  // Idle coins go to the flash sleeve, a tenth of all a day at the most.
  static std::string giving() {
    machines::vault::Data data;
    data.reserve.flexed = dollars(0);
    data.reallocation = {flash, {100'000}, {0}};
    return schemas::write_vault(data);
  }
  static ledger::journal::Facts facts(std::string data) {
    auto made = facts_of("vault", "open", std::move(data), 6);
    made.sleeve = {0};
    made.vault_accounts = "[31,32,18]";
    made.vault_sleeves = R"([[5,"10000","1:10000",false]])";
    made.vault_total = 100'000;
    made.reserve_available = 5'000;
    made.tradeable_available = 80'000;
    return made;
  }

  VaultHandler handler_;
  machines::LeasedJob job_ = job_of(vault_id, "vault", "review");
  machines::LeasedJob event_ = event_for(vault_id, "vault", "review");
};

TEST_F(Vault, ItNamesItselfAndCallsNobody) {
  EXPECT_EQ(handler_.capability().kind, "vault");
  EXPECT_TRUE(handler_.is_pure("review"));
  EXPECT_TRUE(given_up(handler_.on_answer(job_, facts(flexing()), {})).fatal);
}

TEST_F(Vault, NothingToMoveLooksAgainTomorrow) {
  const Decision decision = handler_.on_job(job_, facts(flexing()));
  expect_nothing_but(decision, Fate::rearmed);
  EXPECT_EQ(step_in(decision).rearm_at, half_past + machines::hours(24));
}

TEST_F(Vault, AStormTakesCoinsIntoTheReserve) {
  auto wild = facts(flexing());
  wild.volatility_ppm = 1'200'000;
  const Decision decision = handler_.on_job(job_, wild);
  const machines::Step& step = step_in(decision);
  expect_addressed(step, job_);
  ASSERT_EQ(step.moves.size(), 1U);
  EXPECT_EQ(step.moves[0].event, "flex");
  EXPECT_EQ(step.moves[0].version, 6);
  ASSERT_EQ(step.postings.size(), 1U);
  EXPECT_EQ(step.postings[0].debit.value, 18);
  EXPECT_EQ(step.postings[0].credit.value, 32);
  EXPECT_EQ(step.postings[0].amount, dollars(15'000)) << "20 % of all, of which 5 % are there";
  EXPECT_EQ(schemas::parse_vault(step.moves[0].data)->reserve.flexed, dollars(15'000));
  ASSERT_EQ(step.jobs.size(), 1U);
  EXPECT_EQ(step.jobs[0].world_at, half_past + machines::hours(24));
}

TEST_F(Vault, CalmGivesBackWhatFlexingTookAndNoMore) {
  auto calm = facts(flexing(9'000));
  calm.reserve_available = 20'000;
  calm.volatility_ppm = 100'000;
  const Decision decision = handler_.on_job(job_, calm);
  const machines::Step& step = step_in(decision);
  ASSERT_EQ(step.postings.size(), 1U);
  EXPECT_EQ(step.postings[0].debit.value, 32);
  EXPECT_EQ(step.postings[0].amount, dollars(9'000));
}

TEST_F(Vault, AProposalIsBornAsAnAllocationLikeAnybodys) {
  const Decision decision = handler_.on_job(job_, facts(giving()));
  const machines::Step& step = step_in(decision);
  ASSERT_EQ(step.moves.size(), 2U);
  EXPECT_EQ(step.moves[1].instance, Subject::birth(1));
  EXPECT_EQ(step.moves[1].kind, "allocation");
  EXPECT_EQ(step.moves[1].parent, vault_id);
  EXPECT_EQ(step.moves[1].sleeve, flash);
  const auto asked = schemas::parse_allocation(step.moves[1].data);
  ASSERT_TRUE(asked.has_value());
  EXPECT_EQ(asked->movement, machines::allocation::Movement::allocate_to_sleeve);
  EXPECT_EQ(asked->amount, dollars(10'000));
  EXPECT_EQ(asked->who, "the vault itself");
  EXPECT_THAT(asked->why, HasSubstr("idle_to"));
  EXPECT_EQ(asked->tradeable.value, 18);
  EXPECT_TRUE(step.postings.empty()) << "the allocation moves the coins, or is refused";
  ASSERT_EQ(step.jobs.size(), 2U);
  EXPECT_EQ(step.jobs[1].command, "allocate");
  EXPECT_EQ(step.jobs[1].world_at, half_past);
}

TEST_F(Vault, AReviewThatWasOrderedLeavesTheTimerAlone) {
  const Decision decision = handler_.on_job(event_, facts(giving()));
  const machines::Step& step = step_in(decision);
  EXPECT_EQ(step.fate, Fate::done);
  EXPECT_EQ(step.moves.at(0).command, "none");
  ASSERT_EQ(step.jobs.size(), 1U) << "the proposal's alone";
  EXPECT_EQ(step.jobs[0].command, "allocate");
  expect_nothing_but(handler_.on_job(event_, facts(flexing())), Fate::done);
}

TEST_F(Vault, AFrozenOneMovesNothing) {
  auto frozen = facts(giving());
  frozen.frozen = "entries+transfers";
  expect_nothing_but(handler_.on_job(job_, frozen), Fate::rearmed);
}

TEST_F(Vault, WhatCannotBeReadIsParkedWithItsReason) {
  const auto reason_of = [&](const machines::LeasedJob& job, const ledger::journal::Facts& facts) {
    const auto made = given_up(handler_.on_job(job, facts));
    EXPECT_TRUE(made.fatal);
    return made.reason;
  };
  EXPECT_EQ(reason_of(event_for(vault_id, "vault", "dance"), facts(giving())), "unknown event dance");
  EXPECT_EQ(reason_of(job_, facts("{}")), "the vault's rows can't be read");
  auto torn = facts(giving());
  torn.vault_sleeves = "[[5]]";
  EXPECT_EQ(reason_of(job_, torn), "the vault's rows can't be read");
  torn = facts(giving());
  torn.vault_accounts = "[31]";
  EXPECT_EQ(reason_of(job_, torn), "the vault's rows can't be read");
}

}  // namespace
}  // namespace tests::handlers
