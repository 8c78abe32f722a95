// tests/machines/reconciliation/reconciliation_test.cpp: the break's whole matrix is on record; whatever comes and goes
// by hand, the ledger with quarantine is the statement, and what is explained leaves quarantine by a posting that names
// the one it corrects.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "machines/reconciliation/decide.hpp"
#include "tests/machines/book.hpp"
#include "tests/machines/golden.hpp"

namespace {

namespace reconciliation = machines::reconciliation;
using machines::Amount;
using machines::Int128;
using reconciliation::Event;
using reconciliation::Explanation;
using reconciliation::Refusal;
using reconciliation::State;
using testing::ElementsAre;
using tests::usdt;

reconciliation::Data difference_of(Int128 minor) {
  reconciliation::Data data;
  data.amount = Amount(usdt, minor);
  data.external = tests::outside;
  data.quarantine = tests::quarantine_quote;
  return data;
}

reconciliation::Facts facts_of(const reconciliation::Data& data, Int128 available) {
  return {{7}, data, tests::vault_reserve, Amount(usdt, available)};
}

TEST(Reconciliation, TheWholeMatrixIsOnRecord) {
  const auto answer = [](State from, Event on) {
    const auto row = reconciliation::transitions.find(from, on);
    if (!row) return std::string("refused no_such_row");
    return std::string(machines::name_of(row->to)) + ' ' + std::string(machines::name_of(row->then));
  };
  tests::expect_golden("tests/machines/reconciliation/golden_matrix.txt", tests::matrix<State, Event>(answer));
}

TEST(Reconciliation, WhatIsExplainedOrClosedIsNotExplainedAgain) {
  const auto data = reconciliation::found(difference_of(5)).data;
  for (const State state : {State::explained, State::closed})
    EXPECT_EQ(reconciliation::explain_coins(state, facts_of(data, 9), Explanation::deposit, Amount(usdt, 5)).error(),
              Refusal::no_such_row);
  EXPECT_EQ(reconciliation::finish(State::open, data).error(), Refusal::no_such_row);
  EXPECT_EQ(reconciliation::hand_over(State::explained, data, "ana").error(), Refusal::no_such_row);
}

TEST(Reconciliation, RefusesInTheOrderOfItsLadder) {
  const auto too_few = reconciliation::found(difference_of(-5)).data;
  const auto explain = [&](const reconciliation::Data& data, Explanation as, Int128 part, Int128 available) {
    return reconciliation::explain_coins(State::open, facts_of(data, available), as, Amount(usdt, part)).error();
  };
  EXPECT_EQ(explain(too_few, Explanation::deposit, 0, 9), Refusal::not_positive);
  EXPECT_EQ(explain(too_few, Explanation::deposit, 6, 0), Refusal::wrong_direction);
  EXPECT_EQ(explain(too_few, Explanation::withdrawal, 6, 0), Refusal::above_rest);
  EXPECT_EQ(explain(too_few, Explanation::withdrawal, 5, 4), Refusal::above_available);
  const auto too_many = reconciliation::found(difference_of(5)).data;
  EXPECT_EQ(explain(too_many, Explanation::withdrawal, 5, 9), Refusal::wrong_direction);
}

TEST(Reconciliation, Inv32ACorrectionNamesThePostingThatItCorrects) {
  const auto found = reconciliation::found(difference_of(5));
  EXPECT_EQ(tests::describe(found.postings), "single 0.00000005 outside>quarantine_quote difference");
  const auto part =
      reconciliation::explain_coins(State::open, facts_of(found.data, 0), Explanation::deposit, Amount(usdt, 2));
  ASSERT_TRUE(part.has_value());
  EXPECT_EQ(part->to, State::open);
  EXPECT_EQ(tests::describe(part->postings), "single 0.00000002 quarantine_quote>reserve correct_deposit");
  EXPECT_THAT(part->data.corrects, ElementsAre(reconciliation::PostingKey{{7}, 1, 1}));
}

TEST(Reconciliation, NumbersBeyondEveryLedgerAreRefused) {
  const Amount most(usdt, machines::power_of_ten(38) - 1);
  const Amount least(usdt, 1 - machines::power_of_ten(38));
  EXPECT_FALSE(reconciliation::difference({most, least, Amount::zero(usdt)}).has_value());
}

// INV31, on the pure side: after anything, statement = ledger + quarantine.
RC_GTEST_PROP(ReconciliationProperty, TheLedgerWithQuarantineIsTheStatement, ()) {
  Int128 statement = 100;
  tests::Book book({tests::vault_reserve});
  book.put(tests::vault_reserve, 100);
  std::vector<reconciliation::Data> open;
  const int rounds = *rc::gen::inRange(1, 30);
  for (int round = 0; round < rounds; ++round) {
    statement += *rc::gen::inRange(-20, 20);
    const auto difference =
        reconciliation::difference({Amount(usdt, statement), Amount(usdt, book.balance(tests::vault_reserve)),
                                    Amount(usdt, book.balance(tests::quarantine_quote))});
    RC_ASSERT(difference.has_value());
    if (!difference->is_zero()) {
      const auto step = reconciliation::found(difference_of(difference->minor()));
      RC_ASSERT(!book.apply(step.postings, {round + 1}, 1));
      open.push_back(step.data);
    }
    if (!open.empty() && *rc::gen::arbitrary<bool>()) {
      auto& data = open[static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(open.size())))];
      const bool came = data.rest.is_positive();
      const auto step = reconciliation::explain_coins(State::open, facts_of(data, book.available(tests::vault_reserve)),
                                                      came ? Explanation::deposit : Explanation::withdrawal,
                                                      Amount(usdt, *rc::gen::inRange(1, 20)));
      if (step) {
        RC_ASSERT(!book.apply(step->postings, {round + 1}, 2));
        data = step->data;
      }
    }
    Int128 left = 0;
    for (const auto& data : open) left += data.rest.minor();
    RC_ASSERT(book.balance(tests::quarantine_quote) == left);
    RC_ASSERT(book.balance(tests::vault_reserve) + left == statement);
  }
}

}  // namespace
