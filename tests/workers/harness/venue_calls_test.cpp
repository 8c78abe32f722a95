// tests/workers/harness/venue_calls_test.cpp: what a freeze does to an order whose first key was refused, or over its
// rate.
#include "workers/harness/venue_calls.hpp"

#include "tests/workers/harness/signing.hpp"

namespace tests {
namespace {

using machines::CallError;
using machines::LeasedJob;
using std::chrono::seconds;
using workers::harness::Ended;
using workers::harness::VenueCalls;

class OutsideCalls : public Signing {
 protected:
  void SetUp() override {
    Signing::SetUp();
    if (IsSkipped()) return;
    serve();
    outside_ = std::make_unique<VenueCalls>(context_, house_->connection, config_);
  }
  void start(const LeasedJob& job, const schemas::VenueMessage& request) {
    outside_->call(job, request, std::chrono::steady_clock::now());
  }
  // What the one call came to: an error's name, or the venue's word.
  std::string ended() {
    std::vector<Ended> ended;
    EXPECT_TRUE(wait_until([&] {
      ended = outside_->take_ended(std::chrono::steady_clock::now());
      return !ended.empty();
    }));
    if (ended.empty()) return "nothing";
    const auto* answer = std::get_if<workers::handlers::Answer>(&ended.at(0).came_to);
    if (answer == nullptr) return "gave up: " + std::get<workers::handlers::GiveUp>(ended.at(0).came_to).reason;
    if (const auto* error = std::get_if<CallError>(answer)) return std::string(machines::name_of(*error));
    return std::get<OrderReport>(*answer).status == OrderStatus::resting ? "resting" : "not resting";
  }
  bool venue_has(std::int64_t id) {
    start(sent_order("buy"), schemas::QueryOrder{client_id(id), true});
    return ended() == "resting";
  }

  brokers::wire::Context context_;
  std::unique_ptr<VenueCalls> outside_;
};

TEST_F(OutsideCalls, WithoutAFreezeTheSecondKeySendsWhatTheFirstCouldNot) {
  add_key("one");
  add_key("two");
  venue_knows({{"two", "read,trade"}});
  start(sent_order("buy"), order_for(1, Side::buy, 1000 * one_usdt));
  EXPECT_EQ(ended(), "resting");
}

TEST_F(OutsideCalls, AFreezeBetweenTwoKeysKeepsTheOrderHereAndLeavesItInDoubt) {
  add_key("one");
  add_key("two");
  venue_knows({{"two", "read,trade"}});
  start(sent_order("buy"), order_for(1, Side::buy, 1000 * one_usdt));
  freeze("entries+transfers");
  EXPECT_EQ(ended(), "unknown_outcome");
  EXPECT_FALSE(venue_has(1)) << "asking goes on";
}

TEST_F(OutsideCalls, ASaleWaitsForAFreezeOfEverythingAlone) {
  add_key("one");
  add_key("two");
  venue_knows({{"two", "read,trade"}});
  start(sent_order("sell"), order_for(1, Side::sell, one_eth));
  freeze("entries+transfers");
  EXPECT_EQ(ended(), "resting");
  outside_ = std::make_unique<VenueCalls>(context_, house_->connection, config_);
  must_run(house_->database, "SELECT ledger.lift(1, 'freeze', '', '', 'ann', 'over')");
  venue_knows({{"one", "read,trade"}});  // the other comes first now
  start(sent_order("sell"), order_for(2, Side::sell, one_eth));
  freeze("all");
  EXPECT_EQ(ended(), "unknown_outcome");
  EXPECT_FALSE(venue_has(2));
}

TEST_F(OutsideCalls, AFreezeWhileAKeysRateIsWaitedForKeepsTheOrderHere) {
  add_key("one");
  venue_knows({{"one", "read,trade rate=1"}});
  start(sent_order("buy"), order_for(1, Side::buy, 1000 * one_usdt));
  EXPECT_EQ(ended(), "resting");
  start(sent_order("buy"), order_for(2, Side::buy, 1000 * one_usdt));
  freeze("entries+transfers");
  EXPECT_EQ(ended(), "unknown_outcome");
  EXPECT_FALSE(venue_has(2));
}

TEST_F(OutsideCalls, AKeyThatWasRetiredAMomentAgoLetsNothingLeave) {
  add_key("one");
  venue_knows({{"one", "read,trade"}, {"two", "read,trade"}});
  start(sent_order("buy"), order_for(1, Side::buy, 1000 * one_usdt));
  EXPECT_EQ(ended(), "resting");
  ASSERT_TRUE(house_->move(house_->now("one"), machines::key::Event::retire));
  start(sent_order("buy"), order_for(2, Side::buy, 1000 * one_usdt));
  EXPECT_THAT(ended(), testing::HasSubstr("the last trade key of paper/spot is retired"));
  add_key("two");
  outside_ = std::make_unique<VenueCalls>(context_, house_->connection, config_);
  EXPECT_FALSE(venue_has(2));
}

}  // namespace
}  // namespace tests
