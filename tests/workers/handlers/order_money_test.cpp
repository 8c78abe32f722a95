// tests/workers/handlers/order_money_test.cpp: what an order's step moves and when: money of its own sleeve alone, at
// the time of its fills, under the deadline of the last request that left.
#include <gmock/gmock.h>

#include <algorithm>

#include "schemas/codec/data.hpp"
#include "tests/workers/handlers/ground.hpp"

namespace tests::orders {
namespace {

using ledger::journal::Facts;
using machines::AccountId;
using machines::Posting;
using schemas::OrderReport;
using schemas::OrderStatus;
using testing::HasSubstr;
using workers::handlers::Commit;
using workers::handlers::Decision;
using workers::handlers::GiveUp;
using workers::handlers::OrderHandler;
using workers::venues::VenueProperties;

constexpr std::int64_t now_us = 1'700'000'000'000'000;

// Two sleeves of one owner and vault, each with accounts of its own.
ledger::books::Sleeves two_sleeves() {
  ledger::books::Sleeves all = sleeves();
  ledger::books::Sleeve other = all.begin()->second;
  other.id = {sleeve_id.value + 1};
  other.name = "other";
  auto& a = other.accounts;
  for (AccountId* account : {&a.quote, &a.base, &a.trading_quote, &a.trading_base, &a.fees_quote, &a.fees_base,
                             &a.suspense_quote, &a.suspense_base})
    account->value += 1'000;
  all[{owner, other.id}] = other;
  return all;
}

const ledger::books::Sleeves all = two_sleeves();

// Ids are unique for ever, but a cancel bars nothing.
VenueProperties without_bars() {
  VenueProperties venue;
  venue.tombstones = false;
  return venue;
}

OrderHandler handler(const VenueProperties& venue = {}) { return {all, deployment, venue}; }

const machines::Step& step_of(const Decision& decision) { return std::get<Commit>(decision).step; }

machines::order::Data data_after(const Decision& decision) {
  return *schemas::parse_order(step_of(decision).moves.at(0).data);
}

Decision answer(const OrderHandler& with, std::string_view state, const machines::order::Data& data,
                const OrderReport& report) {
  return with.on_answer(job_of("query_order"), facts_of(state, data), report);
}

const Posting* posting_of(const machines::Step& step, std::string_view code) {
  const auto found = std::find_if(step.postings.begin(), step.postings.end(),
                                  [&](const Posting& posting) { return posting.code == code; });
  return found == step.postings.end() ? nullptr : &*found;
}

TEST(OrderMoney, AFillMovesTheCoinsOfItsOwnSleeve) {
  for (const bool is_buy : {true, false}) {
    const OrderHandler with = handler();
    const Decision decision =
        answer(with, "resting", order_data(is_buy), report_of(OrderStatus::resting, {fill(1)}, is_buy));
    const auto& a = sleeve(all).accounts;
    const std::vector<AccountId> own = {a.quote, a.base, a.trading_quote, a.trading_base, a.fees_quote, a.fees_base};
    ASSERT_FALSE(step_of(decision).postings.empty());
    for (const Posting& posting : step_of(decision).postings) {
      EXPECT_THAT(own, testing::Contains(posting.debit)) << posting.code;
      EXPECT_THAT(own, testing::Contains(posting.credit)) << posting.code;
    }
  }
}

// What a flash sleeve returns is what stands in its account after the order's own postings, above its allocation.
TEST(OrderMoney, ASweepCountsWhatItsOwnOrderBrings) {
  const OrderHandler with = handler();
  schemas::Fill sold = fill(1);
  sold.base = order_data(false).size.minor();
  sold.quote = 1'200 * one_usdt;
  sold.fee = one_usdt;
  Facts facts = facts_of("resting", order_data(false));
  facts.quote_available = 3 * one_usdt;
  auto held = *schemas::parse_cycle(facts.parent_data);
  held.cost = machines::Amount(held.cost.asset(), 1'000 * one_usdt);
  held.base = order_data(false).size;
  facts.parent_data = schemas::write_cycle(held);
  const Decision decision = with.on_answer(job_of("query_order"), facts, report_of(OrderStatus::filled, {sold}, false));
  const Posting* swept = posting_of(step_of(decision), "sweep");
  ASSERT_NE(swept, nullptr);
  EXPECT_TRUE(swept->amount.minor() == (3 + 1'200 - 1 - 1'000) * one_usdt);
}

TEST(OrderMoney, AStepIsOfTheTimeOfItsLastFill) {
  const OrderHandler with = handler();
  schemas::Fill late = fill(1);
  late.at = decided_at + machines::hours(3);
  const Decision decision = answer(with, "resting", order_data(), report_of(OrderStatus::resting, {late}));
  EXPECT_EQ(step_of(decision).world_at, late.at);
  EXPECT_EQ(step_of(decision).jobs.at(0).world_at, machines::next_bar_open(late.at));
  EXPECT_EQ(data_after(decision).first_fill, late.at);
}

TEST(OrderMoney, AFirstAnswerWithFillsBooksThem) {
  const OrderHandler with = handler();
  for (const char* state : {"sent", "in_doubt"}) {
    const Decision decision = answer(with, state, order_data(), report_of(OrderStatus::resting, {fill(1)}));
    EXPECT_EQ(step_of(decision).moves.at(0).event, "part_fill") << state;
    EXPECT_EQ(data_after(decision).fills, 1);
  }
}

TEST(OrderMoney, ACancelThatTheVenueHasNotConfirmedReleasesNothing) {
  const OrderHandler with = handler();
  const Decision decision =
      with.on_answer(job_of("cancel_order"), facts_of("cancelling", order_data()), report_of(OrderStatus::resting));
  ASSERT_TRUE(std::holds_alternative<GiveUp>(decision));
  EXPECT_THAT(std::get<GiveUp>(decision).reason, HasSubstr("no news yet"));
}

TEST(OrderMoney, ACancelIsNotForgottenWhileTheFirstWordIsAwaited) {
  const OrderHandler with = handler();
  machines::LeasedJob cancel = job_of("cancel");
  cancel.is_event = true;
  const Decision decision = with.on_job(cancel, facts_of("sent", order_data()));
  ASSERT_TRUE(std::holds_alternative<GiveUp>(decision)) << "its job must stay";
  EXPECT_TRUE(std::get<GiveUp>(decision).waits);
}

// Not found is final only once the last request that left can't be taken any more.
TEST(OrderMoney, TheDeadlineOfAnOrderIsThatOfItsLastRequest) {
  const OrderHandler with = handler(without_bars());
  machines::order::Data data = order_data();
  data.good_until_us = now_us + 1'000'000;
  const Decision again = answer(with, "in_doubt", data, not_found());
  EXPECT_EQ(step_of(again).moves.at(0).event, "resend");
  EXPECT_EQ(data_after(again).good_until_us, now_us + 6'500'000) << "1.5 s to leave, 5 s to live";
  data.good_until_us = now_us + 60'000'000;
  EXPECT_EQ(data_after(answer(with, "in_doubt", data, not_found())).good_until_us, data.good_until_us)
      << "a clock that went back shortens nothing";
}

TEST(OrderMoney, TheDeadlineStaysWithTheOrder) {
  const OrderHandler with = handler(without_bars());
  machines::order::Data data = order_data();
  data.good_until_us = now_us + 9'000'000;
  EXPECT_EQ(data_after(with.on_job(job_of("place_order"), facts_of("sent", data))).good_until_us, data.good_until_us);
  EXPECT_EQ(data_after(answer(with, "in_doubt", data, report_of(OrderStatus::resting))).good_until_us,
            data.good_until_us);
}

TEST(OrderMoney, ARequestThatIsSentAgainIsTheSameOne) {
  const OrderHandler with = handler();
  Facts facts = facts_of("in_doubt", order_data());
  facts.world_now = decided_at + machines::hours(1) - machines::milliseconds(1);
  const Decision decision = with.on_answer(job_of("query_order"), facts, not_found());
  const auto& place = std::get<schemas::PlaceOrder>(*std::get<Commit>(decision).then_call);
  EXPECT_EQ(place.placed_at, decided_at);
  EXPECT_EQ(place.client_id, client_id);
  EXPECT_TRUE(place.size == order_data().size.minor());
}

}  // namespace
}  // namespace tests::orders
