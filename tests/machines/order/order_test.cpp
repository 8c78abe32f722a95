// tests/machines/order/order_test.cpp: the order's whole matrix is on record, and whatever a venue does, its hold
// resolves once and the books take it.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "machines/order/decide.hpp"
#include "tests/machines/book.hpp"
#include "tests/machines/golden.hpp"

namespace {

namespace order = machines::order;
using machines::Amount;
using machines::Int128;
using order::Event;
using order::Message;
using order::NewFills;
using order::State;
using tests::Book;
using tests::eth;
using tests::usdt;

constexpr machines::InstanceId cycle_id{70};
constexpr machines::InstanceId order_id{71};

order::Facts facts_of(bool is_buy, Int128 size) {
  order::Facts facts;
  facts.instance = order_id;
  facts.accounts = tests::sleeve_accounts();
  facts.data.is_buy = is_buy;
  facts.data.size = facts.data.held = Amount(is_buy ? usdt : eth, size);
  facts.data.hold = {cycle_id, 1, 1};
  facts.data.base = Amount::zero(eth);
  facts.data.quote = facts.data.fees = Amount::zero(usdt);
  return facts;
}

NewFills fills_of(int count, Int128 base, Int128 quote, Int128 fees) {
  return {count, Amount(eth, base), Amount(usdt, quote), Amount(usdt, fees), {10}, {20}};
}

bool needs_fills(Event event) {
  return event == Event::part_fill || event == Event::fill || event == Event::person_filled;
}

TEST(Order, TheWholeMatrixIsOnRecord) {
  const auto answer = [](State from, Event on) {
    const auto step = order::decide(from, facts_of(true, 1'000), {on, fills_of(needs_fills(on), 5, 10, 1), ""});
    const auto row = order::transitions.find(from, on);
    if (!step) {
      EXPECT_FALSE(row.has_value());
      return "refused " + std::string(machines::name_of(step.error()));
    }
    EXPECT_TRUE(row && row->to == step->to && row->then == step->then && step->from == from && step->event == on);
    return std::string(machines::name_of(step->to)) + ' ' + std::string(machines::name_of(step->then));
  };
  tests::expect_golden("tests/machines/order/golden_matrix.txt", tests::matrix<State, Event>(answer));
}

TEST(Order, RefusalsComeInTheirOrder) {
  const auto refusal = [](State state, Event on, const NewFills& fills) {
    return order::decide(state, facts_of(true, 1'000), {on, fills, ""}).error();
  };
  const NewFills none = fills_of(0, 0, 0, 0);
  const Int128 most = machines::power_of_ten(38) - 1;
  EXPECT_EQ(refusal(State::filled, Event::fill, none), order::Refusal::no_such_row);
  EXPECT_EQ(refusal(State::sent, Event::fill, none), order::Refusal::fills_missing);
  EXPECT_EQ(refusal(State::sent, Event::accept, fills_of(1, -1, 0, 0)), order::Refusal::fills_unexpected);
  EXPECT_EQ(refusal(State::sent, Event::fill, fills_of(1, 0, 10, 0)), order::Refusal::bad_fill);
  EXPECT_EQ(refusal(State::sent, Event::fill, fills_of(1, 1, -1, 0)), order::Refusal::bad_fill);
  EXPECT_EQ(refusal(State::sent, Event::fill, fills_of(1, 1, 1, -1)), order::Refusal::bad_fill);
  order::Facts facts = facts_of(true, 1'000);
  facts.data.quote = Amount(usdt, most);
  EXPECT_EQ(order::decide(State::sent, facts, {Event::fill, fills_of(1, 1, 1, 0), ""}).error(),
            order::Refusal::overflow);
}

TEST(Order, KeepsTheReasonTheCountAndTheFirstFill) {
  order::Facts facts = facts_of(true, 1'000);
  const auto rejected = order::decide(State::sent, facts, {Event::reject, fills_of(0, 0, 0, 0), "below_minimum"});
  EXPECT_EQ(rejected->data.reason, "below_minimum");
  const auto part = order::decide(State::resting, facts, {Event::part_fill, fills_of(2, 5, 10, 1), ""});
  EXPECT_EQ(part->data.fills, 2);
  EXPECT_EQ(part->data.first_fill, machines::Instant{10});
  facts.data = part->data;
  facts.version = 4;
  NewFills later = fills_of(1, 5, 10, 1);
  later.first = {99};
  const auto done = order::decide(State::resting, facts, {Event::fill, later, ""});
  EXPECT_EQ(done->data.fills, 3);
  EXPECT_EQ(done->data.first_fill, machines::Instant{10});
  const auto summary = order::summary_of(done->data);
  EXPECT_EQ(summary.base.minor(), 10);
  EXPECT_EQ(summary.quote.minor(), 20);
  EXPECT_EQ(summary.fees.minor(), 2);
  EXPECT_EQ(summary.first_fill, machines::Instant{10});
}

TEST(Order, ASalesFeeBeyondItsProceedsComesOutOfSuspense) {
  const auto step = order::decide(State::sent, facts_of(false, 5), {Event::fill, fills_of(1, 5, 1, 3), ""});
  EXPECT_EQ(tests::describe(step->postings),
            "post 0.000000000000000005 base>trading_base sell_base; "
            "single 0.00000001 trading_quote>quote sell_proceeds; single 0.00000001 quote>fees fee; "
            "single 0.00000002 suspense_quote>fees suspense");
}

TEST(Order, ARejectionBooksTheFillsThatCameBeforeIt) {
  const auto step =
      order::decide(State::resting, facts_of(true, 1'000), {Event::reject, fills_of(1, 5, 400, 1), "expired"});
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->to, State::rejected);
  EXPECT_EQ(tests::describe(step->postings),
            "post 0.000004 quote>trading_quote buy_cost; single 0.000000000000000005 trading_base>base buy_base; "
            "single 0.00000001 quote>fees fee");
  EXPECT_EQ(order::summary_of(step->data).base.minor(), 5);
}

// One order and its books, driven by whatever the venue might say.
class Run {
 public:
  Run(bool is_buy, Int128 size) : facts_(facts_of(is_buy, size)), size_(size) {
    const auto& a = facts_.accounts;
    book_.put(out(), size);
    const auto to = is_buy ? a.trading_quote : a.trading_base;
    RC_ASSERT(!book_.apply({{machines::PostingKind::hold, out(), to, facts_.data.held, "reserve", {}}}, cycle_id, 1));
  }

  void take(Event event, const NewFills& fills) {
    const Int128 reserved = book_.reserved();
    const auto step = order::decide(state_, facts_, {event, fills, ""});
    RC_ASSERT(step.has_value());
    RC_ASSERT(step->resolved.minor() == facts_.data.held.minor());
    const auto wrong = book_.apply(step->postings, order_id, facts_.version + 1);
    if (wrong) RC_FAIL(*wrong);
    RC_ASSERT(book_.reserved() == step->data.held.minor());
    Int128 from_hold = book_.reserved();  // held again, and gone from the account that the hold is on
    for (const auto& posting : step->postings)
      if (posting.debit == out() && posting.kind != machines::PostingKind::hold && out_is_held(posting))
        from_hold += posting.amount.minor();
    RC_ASSERT(from_hold <= reserved);
    base_ += fills.base.minor();
    quote_ += fills.quote.minor();
    fees_ += fills.fees.minor();
    facts_.data = step->data;
    ++facts_.version;
    state_ = step->to;
  }

  void check_the_end() const {
    const auto& a = facts_.accounts;
    RC_ASSERT(book_.open_holds() == 0U);
    RC_ASSERT(book_.balance(a.fees_quote) == fees_);
    const Int128 suspense_quote = -book_.balance(a.suspense_quote);
    const Int128 suspense_base = -book_.balance(a.suspense_base);
    if (facts_.data.is_buy) {
      RC_ASSERT(book_.balance(a.base) == base_);
      RC_ASSERT(suspense_base == 0);
      RC_ASSERT(suspense_quote == std::max<Int128>(0, quote_ + fees_ - size_));
      RC_ASSERT(book_.balance(a.quote) == size_ - (quote_ + fees_ - suspense_quote));
    } else {
      RC_ASSERT(suspense_base == std::max<Int128>(0, base_ - size_));
      RC_ASSERT(book_.balance(a.base) == size_ - (base_ - suspense_base));
      RC_ASSERT(book_.balance(a.quote) - suspense_quote == quote_ - fees_);
    }
    const auto summary = order::summary_of(facts_.data);
    RC_ASSERT(summary.base.minor() == base_ && summary.quote.minor() == quote_ && summary.fees.minor() == fees_);
  }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool has_fills() const { return facts_.data.fills > 0; }
  [[nodiscard]] Int128 left() const {
    return std::max<Int128>(0, size_ - (facts_.data.is_buy ? quote_ + fees_ : base_));
  }

 private:
  [[nodiscard]] machines::AccountId out() const {
    return facts_.data.is_buy ? facts_.accounts.quote : facts_.accounts.base;
  }
  // A sale's fee leaves the quote account, which its hold is not on.
  [[nodiscard]] bool out_is_held(const machines::Posting& posting) const {
    return posting.amount.asset() == facts_.data.held.asset();
  }

  order::Facts facts_;
  Book book_{{tests::sleeve_accounts().quote, tests::sleeve_accounts().base}};
  State state_ = State::drafted;
  Int128 size_, base_ = 0, quote_ = 0, fees_ = 0;
};

// Any row of the state, with fills where its event has some: all within what is left, or far beyond it.
void one_word_of_the_venue(Run& run, bool is_buy, bool within) {
  std::vector<Event> possible;
  for (const auto& row : order::transitions.rows)
    if (row.from == run.state() && !(row.on == Event::person_not_placed && run.has_fills())) possible.push_back(row.on);
  const Event event = *rc::gen::elementOf(possible);
  const auto left = static_cast<std::int64_t>(run.left());
  const bool filled =
      needs_fills(event) || ((event == Event::confirm_cancel || event == Event::reject) && *rc::gen::arbitrary<bool>());
  if (!filled) return run.take(event, fills_of(0, 0, 0, 0));
  const auto most = within ? left : left + 50'000;
  if (most < 2) return;  // nothing is left to fill within the hold
  const auto out = *rc::gen::inRange<std::int64_t>(1, most);
  const auto fee = *rc::gen::inRange<std::int64_t>(0, is_buy ? (within ? most - out + 1 : 1'000) : 500);
  const auto in = *rc::gen::inRange<std::int64_t>(1, 100'000);
  const int count = *rc::gen::inRange(1, 4);
  run.take(event, is_buy ? fills_of(count, in, out, fee) : fills_of(count, out, in, std::min(fee, within ? in : fee)));
}

RC_GTEST_PROP(OrderProperty, WhateverTheVenueSaysTheHoldResolvesOnceAndTheBooksTakeIt, ()) {
  const bool is_buy = *rc::gen::arbitrary<bool>();
  const bool within = *rc::gen::arbitrary<bool>();
  Run run(is_buy, *rc::gen::inRange<std::int64_t>(1, 100'000));
  for (int words = 0; words < 60 && !order::transitions.is_final(run.state()); ++words)
    one_word_of_the_venue(run, is_buy, within);
  RC_CLASSIFY(order::transitions.is_final(run.state()), "ended");
  if (order::transitions.is_final(run.state())) run.check_the_end();
}

TEST(Order, APersonCantSayThatWhatWasFilledWasNotPlaced) {
  order::Facts facts = facts_of(true, 1'000);
  facts.data = order::decide(State::cancelling, facts, {Event::part_fill, fills_of(1, 5, 10, 1), ""})->data;
  EXPECT_EQ(order::decide(State::cancelling, facts, {Event::person_not_placed, {}, ""}).error(),
            order::Refusal::was_filled);
  EXPECT_EQ(order::decide(State::cancelling, facts, {Event::person_filled, {}, ""}).error(),
            order::Refusal::fills_missing);
  EXPECT_EQ(order::decide(State::cancelling, facts, {Event::person_cancelled, {}, ""})->to, State::cancelled);
}

TEST(Order, AFillAfterTheHoldIsUsedUpComesOutOfSuspense) {
  order::Facts facts = facts_of(true, 1'000);
  const auto all = order::decide(State::sent, facts, {Event::part_fill, fills_of(1, 5, 990, 10), ""});
  EXPECT_EQ(all->data.held.minor(), 0);
  facts.data = all->data;
  ++facts.version;
  const auto more = order::decide(State::resting, facts, {Event::fill, fills_of(1, 1, 7, 1), ""});
  EXPECT_EQ(tests::describe(more->postings),
            "single 0.00000007 suspense_quote>trading_quote suspense; "
            "single 0.000000000000000001 trading_base>base buy_base; "
            "single 0.00000001 suspense_quote>fees suspense");
}

}  // namespace
