// tests/workers/handlers/order_test.cpp: what was sent is never treated as not sent: asked about, cancelled at the
// venue by its id, or sent again, as the venue's properties allow, under pause and freeze alike, until a word is final.
#include <gmock/gmock.h>

#include "schemas/codec/data.hpp"
#include "tests/workers/handlers/ground.hpp"

namespace tests::orders {
namespace {

using ledger::journal::Facts;
using machines::CallError;
using machines::Fate;
using schemas::OrderReport;
using schemas::OrderStatus;
using testing::HasSubstr;
using workers::handlers::Answer;
using workers::handlers::Call;
using workers::handlers::Commit;
using workers::handlers::Decision;
using workers::handlers::GiveUp;
using workers::handlers::OrderHandler;
using workers::venues::VenueProperties;

const ledger::books::Sleeves all = sleeves();
constexpr std::int64_t now_us = 1'700'000'000'000'000;

VenueProperties with_bars() { return {}; }
VenueProperties as_real_ones() {
  VenueProperties venue;
  venue.ids = VenueProperties::Ids::among_open;
  venue.tombstones = false;
  venue.enforces_deadline = true;
  venue.request_life_ms = 5'000;
  return venue;
}

OrderHandler handler(const VenueProperties& venue) { return {all, deployment, venue}; }

// "in_doubt resend sent none", with what leaves behind a semicolon; or "call query", or why not.
std::string told(const Decision& decision) {
  if (const auto* call = std::get_if<Call>(&decision))
    return std::holds_alternative<schemas::CancelOrder>(call->request) ? "call cancel" : "call query";
  if (const auto* why = std::get_if<GiveUp>(&decision))
    return std::string(why->fatal ? "parked: " : why->waits ? "waits: " : "tried: ") + why->reason;
  const auto& commit = std::get<Commit>(decision);
  if (commit.step.moves.empty()) return commit.step.fate == Fate::rearmed ? "rearmed" : "nothing";
  const machines::Move& move = commit.step.moves[0];
  std::string text;
  for (const std::string_view word : {move.from, move.event, move.to, move.command})
    text += (text.empty() ? "" : " ") + std::string(word);
  if (!commit.then_call) return text;
  EXPECT_EQ(commit.step.fate, Fate::kept) << "the lease stays until the answer";
  EXPECT_EQ(std::get<schemas::PlaceOrder>(*commit.then_call).client_id, client_id) << "the one id of its order";
  return text + "; placed";
}

Facts in(std::string_view state, bool is_buy = true) { return facts_of(state, order_data(is_buy)); }
Facts paused(Facts facts) {
  facts.paused = true;
  return facts;
}
Facts frozen(Facts facts, std::string_view level = "all") {
  facts.frozen = level;
  return facts;
}
// What the order's data are after the step.
machines::order::Data data_after(const Decision& decision) {
  return *schemas::parse_order(std::get<Commit>(decision).step.moves.at(0).data);
}

std::string job(const VenueProperties& venue, std::string_view command, const Facts& facts, int tries = 0) {
  return told(handler(venue).on_job(job_of(command, tries), facts));
}
std::string answer(const VenueProperties& venue, const Facts& facts, const Answer& said, int tries = 0,
                   std::string_view command = "query_order") {
  return told(handler(venue).on_answer(job_of(command, tries), facts, said));
}

TEST(OrderHandler, ADraftNeverLeftSoAStopEndsItHere) {
  EXPECT_EQ(job(with_bars(), "place_order", in("drafted")), "drafted send sent none; placed");
  EXPECT_EQ(job(with_bars(), "place_order", paused(in("drafted"))), "drafted cancel cancelled none");
  EXPECT_EQ(job(with_bars(), "place_order", frozen(in("drafted"))), "drafted cancel cancelled none");
  EXPECT_EQ(job(with_bars(), "place_order", frozen(in("drafted"), "entries+transfers")),
            "drafted cancel cancelled none");
  EXPECT_EQ(job(with_bars(), "place_order", paused(in("drafted", false))), "drafted send sent none; placed");
  EXPECT_EQ(job(with_bars(), "place_order", frozen(in("drafted", false))), "waits: everything is frozen")
      << "no try is counted: it is not parked by a long freeze";
}

TEST(OrderHandler, WhoFindsItSentAsksFirstByWhateverJob) {
  for (const char* command : {"place_order", "query_order"})
    EXPECT_EQ(job(with_bars(), command, in("sent")), "sent attempt_lost in_doubt query_order") << command;
  EXPECT_EQ(answer(with_bars(), in("sent"), CallError::rejected, 0, "place_order"),
            "sent fall_silent in_doubt query_order");
  EXPECT_EQ(answer(with_bars(), in("sent"), CallError::unknown_outcome), "sent fall_silent in_doubt query_order")
      << "sent again by a query's job";
}

TEST(OrderHandler, AVenueThatKnowsIdsForEverGetsItAgain) {
  const Decision decision = handler(with_bars()).on_answer(job_of("query_order"), in("in_doubt"), not_found());
  EXPECT_EQ(told(decision), "in_doubt resend sent none; placed");
  EXPECT_EQ(data_after(decision).good_until_us, 0) << "no wall time in the data of such an order";
  EXPECT_EQ(answer(with_bars(), paused(in("in_doubt", false)), not_found()), "in_doubt resend sent none; placed")
      << "a pause lets exits go on";
}

// The scenario of the lost buy: in doubt, then a pause or a freeze, while the request is still on its way.
TEST(OrderHandler, UnderAStopItIsCancelledAtTheVenueAndItsHoldStands) {
  for (const Facts& facts : {paused(in("in_doubt")), frozen(in("in_doubt")),
                             frozen(in("in_doubt"), "entries+transfers"), frozen(in("in_doubt", false))}) {
    const Decision decision = handler(with_bars()).on_answer(job_of("query_order"), facts, not_found());
    EXPECT_EQ(told(decision), "in_doubt cancel cancelling cancel_order");
    EXPECT_TRUE(std::get<Commit>(decision).step.postings.empty()) << "the hold is not released before the venue's word";
  }
  EXPECT_EQ(job(with_bars(), "cancel_order", frozen(in("cancelling"))), "call cancel") << "cancelling goes on";
  EXPECT_EQ(job(with_bars(), "query_order", frozen(in("in_doubt"))), "call query") << "and asking";
  EXPECT_EQ(answer(with_bars(), frozen(in("cancelling")), report_of(OrderStatus::cancelled), 0, "cancel_order"),
            "cancelling confirm_cancel cancelled none");
  EXPECT_EQ(answer(with_bars(), frozen(in("cancelling")), report_of(OrderStatus::filled, {fill(1)}), 0, "cancel_order"),
            "cancelling fill filled none")
      << "it had come after all";
}

TEST(OrderHandler, APauseOfItsKindKeepsItAskedAbout) {
  Facts facts = in("in_doubt");
  facts.halted = true;
  EXPECT_THAT(answer(with_bars(), facts, not_found()), HasSubstr("waits: paused"));
  EXPECT_EQ(answer(with_bars(), facts, report_of(OrderStatus::filled, {fill(1)})), "in_doubt fill filled none");
}

TEST(OrderHandler, WhatIsNoLongerValidIsNotSentAgain) {
  Facts facts = in("in_doubt");
  facts.world_now = decided_at + machines::hours(1) - machines::milliseconds(1);
  EXPECT_EQ(answer(with_bars(), facts, not_found()), "in_doubt resend sent none; placed");
  facts.world_now = decided_at + machines::hours(1);
  EXPECT_EQ(answer(with_bars(), facts, not_found()), "in_doubt cancel cancelling cancel_order");
  VenueProperties venue = with_bars();
  venue.tombstones = false;
  EXPECT_THAT(answer(venue, facts, not_found()), HasSubstr("waits: ")) << "without bars it has to outlive its request";
}

TEST(OrderHandler, ARequestCarriesItsDeadlineAndTheOrderKeepsIt) {
  const Decision decision = handler(as_real_ones()).on_job(job_of("place_order"), in("drafted"));
  const auto& place = std::get<schemas::PlaceOrder>(*std::get<Commit>(decision).then_call);
  EXPECT_EQ(place.not_after_us, now_us + 5'000'000);
  EXPECT_EQ(data_after(decision).good_until_us, place.not_after_us);
}

// Not found is final by the venue's clock alone: tries, time-outs and quick refusals before it shorten nothing.
TEST(OrderHandler, NotFoundIsFinalOnlyAfterTheRequestsLongestLife) {
  machines::order::Data data = order_data();
  data.good_until_us = now_us + 5'000'000;
  const auto at = [&](std::int64_t venue_us, std::string_view state, int tries) {
    OrderReport report = not_found();
    report.venue_us = venue_us;
    return answer(as_real_ones(), facts_of(state, data), report, tries);
  };
  for (const int tries : {0, 1, 30}) {
    EXPECT_THAT(at(now_us + 5'200'000, "in_doubt", tries), HasSubstr("waits: ")) << tries;
    EXPECT_EQ(at(now_us + 5'200'001, "in_doubt", tries), "in_doubt lapse not_placed none") << tries;
  }
  EXPECT_THAT(at(now_us + 5'200'000, "cancelling", 9), HasSubstr("waits: "));
  EXPECT_EQ(at(now_us + 5'200'001, "cancelling", 0), "cancelling lapse not_placed none");
}

TEST(OrderHandler, AVenueThatKnowsIdsAmongOpenOrdersNeverGetsItTwice) {
  machines::order::Data data = order_data();
  data.good_until_us = now_us + 5'000'000;
  for (const std::int64_t venue_us : {now_us, now_us + 5'100'000, now_us + 9'000'000}) {
    OrderReport report = not_found();
    report.venue_us = venue_us;
    const Decision decision =
        handler(as_real_ones()).on_answer(job_of("query_order"), facts_of("in_doubt", data), report);
    const auto* commit = std::get_if<Commit>(&decision);
    EXPECT_TRUE(commit == nullptr || !commit->then_call);
  }
}

TEST(OrderHandler, WithoutTheVenuesTimeOursCountsLessTheLongestAnswer) {
  machines::order::Data data = order_data();
  data.good_until_us = now_us;
  Facts facts = facts_of("in_doubt", data);
  OrderReport report = not_found();
  report.venue_us = 0;
  facts.wall_us = now_us + 5'200'000;
  EXPECT_THAT(answer(as_real_ones(), facts, report), HasSubstr("waits: "));
  facts.wall_us = now_us + 5'200'001;
  EXPECT_EQ(answer(as_real_ones(), facts, report), "in_doubt lapse not_placed none");
}

TEST(OrderHandler, WhatCantBeOfThisOrderEndsItInQuarantineWithItsHoldFree) {
  OrderReport other = report_of(OrderStatus::filled, {fill(1)});
  other.side = schemas::Side::sell;
  for (const auto& [state, command] : {std::pair{"sent", "place_order"},
                                       {"in_doubt", "query_order"},
                                       {"resting", "query_order"},
                                       {"cancelling", "cancel_order"}}) {
    const Decision decision = handler(with_bars()).on_answer(job_of(command), in(state), other);
    EXPECT_EQ(told(decision), std::string(state) + " contradict quarantined none");
    EXPECT_EQ(data_after(decision).reason, "the venue has it on the other side");
    ASSERT_EQ(std::get<Commit>(decision).step.postings.size(), 1U);
    EXPECT_EQ(std::get<Commit>(decision).step.postings[0].code, "release");
    EXPECT_EQ(std::get<Commit>(decision).step.moves.size(), 2U) << "its cycle learns of it";
  }
  EXPECT_EQ(answer(with_bars(), in("resting"), report_of(OrderStatus::filled)), "resting contradict quarantined none");
}

TEST(OrderHandler, HalfAWordIsAskedForAgainAndInTheEndIsAllOfIt) {
  const OrderReport half = report_of(OrderStatus::filled, {fill(2)});
  EXPECT_EQ(answer(with_bars(), in("resting"), half, 3), "tried: fill 1 is missing from the venue's report");
  EXPECT_EQ(answer(with_bars(), in("resting"), half, 4), "resting contradict quarantined none");
  EXPECT_EQ(answer(with_bars(), in("resting"), not_found(), 0),
            "tried: the venue does not know an order that it had accepted");
  EXPECT_EQ(answer(with_bars(), in("resting"), not_found(), 4), "resting contradict quarantined none");
}

TEST(OrderHandler, AnAnswerToAnOrderThatHasEndedChangesNothing) {
  EXPECT_EQ(answer(with_bars(), in("cancelled"), report_of(OrderStatus::filled, {fill(1)})), "nothing");
}

TEST(OrderHandler, ACancelWaitsForTheVenuesWordAndCountsNoTry) {
  machines::LeasedJob cancel = job_of("cancel");
  cancel.is_event = true;
  EXPECT_EQ(told(handler(with_bars()).on_job(cancel, in("in_doubt"))), "waits: waiting for the venue's word first");
  EXPECT_EQ(told(handler(with_bars()).on_job(cancel, in("resting"))), "resting cancel cancelling cancel_order");
}

}  // namespace
}  // namespace tests::orders
