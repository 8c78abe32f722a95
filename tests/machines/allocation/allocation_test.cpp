// tests/machines/allocation/allocation_test.cpp: only what is there is moved, and what does not fit is refused on
// record.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "machines/allocation/decide.hpp"
#include "tests/machines/book.hpp"
#include "tests/machines/golden.hpp"

namespace {

namespace allocation = machines::allocation;
using allocation::Event;
using allocation::Movement;
using allocation::State;
using machines::AccountId;
using machines::Amount;
using machines::Int128;
using tests::usdt;

allocation::Facts facts_of(Movement movement, Int128 amount, Int128 available) {
  const auto accounts = tests::sleeve_accounts();
  allocation::Facts facts;
  facts.data = {movement, Amount(usdt, amount), Amount::zero(usdt),   "treasurer",       "monthly",
                "",       tests::outside,       tests::vault_reserve, accounts.tradeable};
  facts.sleeve_quote = accounts.quote;
  facts.tradeable_available = facts.sleeve_available = Amount(usdt, available);
  return facts;
}

TEST(Allocation, TheWholeMatrixIsOnRecord) {
  const auto answer = [](State from, Event on) {
    const auto row = allocation::transitions.find(from, on);
    if (!row) return std::string("refused no_such_row");
    return std::string(machines::name_of(row->to)) + ' ' + std::string(machines::name_of(row->then));
  };
  tests::expect_golden("tests/machines/allocation/golden_matrix.txt", tests::matrix<State, Event>(answer));
}

TEST(Allocation, NothingHappensTwice) {
  const auto facts = facts_of(Movement::allocate_to_sleeve, 5, 10);
  EXPECT_EQ(allocation::decide(State::settled, facts).error(), allocation::Refusal::no_such_row);
  EXPECT_EQ(allocation::decide(State::refused, facts).error(), allocation::Refusal::no_such_row);
}

TEST(Allocation, NoMovementOfNothingOrLess) {
  for (const Movement movement : {Movement::fund, Movement::allocate_to_sleeve, Movement::reclaim})
    for (const int amount : {0, -1})
      EXPECT_EQ(allocation::decide(State::requested, facts_of(movement, amount, 10)).error(),
                allocation::Refusal::not_positive);
  auto facts = facts_of(Movement::fund, 0, 0);
  facts.data.reserve = Amount(usdt, 5);
  EXPECT_TRUE(allocation::decide(State::requested, facts).has_value()) << "all of it into the reserve";
  facts.data.reserve = Amount(usdt, -5);
  facts.data.amount = Amount(usdt, 10);
  EXPECT_EQ(allocation::decide(State::requested, facts).error(), allocation::Refusal::not_positive);
}

TEST(Allocation, TheSleevesMachineKeepsWhatWasGivenAndNotTakenBack) {
  auto facts = facts_of(Movement::allocate_to_sleeve, 5, 10);
  facts.sleeve_allocation = Amount(usdt, 7);
  EXPECT_EQ(allocation::decide(State::requested, facts).value().allocation, Amount(usdt, 12));
  facts = facts_of(Movement::reclaim, 5, 10);
  facts.sleeve_allocation = Amount(usdt, 7);
  EXPECT_EQ(allocation::decide(State::requested, facts).value().allocation, Amount(usdt, 2));
  facts.sleeve_allocation = Amount(usdt, 3);
  EXPECT_EQ(allocation::decide(State::requested, facts).value().allocation, Amount(usdt, 0)) << "profit may be taken";
}

TEST(Allocation, TheReserveStaysOutOfTradeable) {
  auto facts = facts_of(Movement::elect, 60, 0);
  facts.reserve_available = Amount(usdt, 80);
  facts.vault_total = Amount(usdt, 200);
  facts.reserve = {machines::policy::Rule::fixed, {100'000}, {}, {}, {}};
  EXPECT_EQ(allocation::decide(State::requested, facts).value().event, Event::settle) << "20 of 200 stay";
  facts.data.amount = Amount(usdt, 61);
  const auto step = allocation::decide(State::requested, facts).value();
  EXPECT_EQ(step.event, Event::refuse);
  EXPECT_EQ(step.data.reason, "above what the reserve leaves");
  facts.data.amount = Amount(usdt, 81);
  EXPECT_EQ(allocation::decide(State::requested, facts).value().data.reason,
            "above what the vault has outside Tradeable");
  EXPECT_EQ(allocation::decide(State::requested, facts_of(Movement::release, 5, 4)).value().event, Event::refuse);
  EXPECT_EQ(allocation::decide(State::requested, facts_of(Movement::release, 4, 4)).value().postings[0].code,
            "release");
}

TEST(Allocation, AFreezeStopsWhatRaisesTheRiskAndThenEverything) {
  for (const Movement movement :
       {Movement::allocate_to_sleeve, Movement::elect, Movement::reclaim, Movement::release}) {
    auto facts = facts_of(movement, 1, 10);
    facts.reserve_available = facts.vault_total = Amount(usdt, 10);
    facts.frozen = machines::Frozen::entries;
    const bool raises = movement == Movement::allocate_to_sleeve || movement == Movement::elect;
    EXPECT_EQ(allocation::decide(State::requested, facts).value().event, raises ? Event::refuse : Event::settle);
    facts.frozen = machines::Frozen::all;
    EXPECT_EQ(allocation::decide(State::requested, facts).value().event, Event::refuse);
  }
}

TEST(Allocation, TheFirstOneStartsTheSleevesCycle) {
  auto facts = facts_of(Movement::allocate_to_sleeve, 5, 10);
  EXPECT_TRUE(allocation::decide(State::requested, facts)->starts_cycle);
  facts.sleeve_has_cycle = true;
  EXPECT_FALSE(allocation::decide(State::requested, facts)->starts_cycle);
  EXPECT_FALSE(allocation::decide(State::requested, facts_of(Movement::reclaim, 5, 10))->starts_cycle);
}

RC_GTEST_PROP(AllocationProperty, MovesExactlyWhatFitsAndSaysWhyNot, ()) {
  const bool gives = *rc::gen::arbitrary<bool>();
  const Int128 available = *rc::gen::inRange(0, 1'000);
  const Int128 amount = *rc::gen::inRange(1, 1'000);
  const auto facts = facts_of(gives ? Movement::allocate_to_sleeve : Movement::reclaim, amount, available);
  const auto accounts = tests::sleeve_accounts();
  const AccountId from = gives ? accounts.tradeable : accounts.quote;
  const AccountId to = gives ? accounts.quote : accounts.tradeable;
  tests::Book book({accounts.tradeable, accounts.quote});
  book.put(from, available);
  const auto step = allocation::decide(State::requested, facts);
  RC_ASSERT(step.has_value());
  const auto wrong = book.apply(step->postings, {1}, 1);
  if (wrong) RC_FAIL(*wrong);
  const bool fits = amount <= available;
  RC_ASSERT(step->to == (fits ? State::settled : State::refused));
  RC_ASSERT(step->data.reason.empty() == fits);
  RC_ASSERT(book.balance(to) == (fits ? amount : 0));
  RC_ASSERT(book.balance(from) == available - (fits ? amount : 0));
  RC_ASSERT(step->data.who == "treasurer" && step->data.why == "monthly");
}

}  // namespace
