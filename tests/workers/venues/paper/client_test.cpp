// The client against a venue that the test plays itself, by a clock that the test turns.
#include "workers/venues/paper/client.hpp"

#include <gmock/gmock.h>

#include "brokers/wire/zap.hpp"
#include "tests/workers/venues/paper/process.hpp"

namespace workers::venues::paper {
namespace {

using namespace tests;
using machines::CallError;
using std::chrono::milliseconds;
using std::chrono::seconds;
namespace wire = brokers::wire;

class Client : public testing::Test {
 protected:
  Client()
      : party_(Party::make(folder_)),
        zap_(context_, party_.config().peers),
        client_(context_, party_.client(party_.worker)) {}

  void SetUp() override { poller_.add(router_); }
  void bind() { ASSERT_TRUE(router_.bind(party_.endpoint())); }

  // The next request that reaches the venue; the client is polled at a standing clock meanwhile.
  wire::Received arrived() {
    for (int i = 0; i < 1000; ++i) {
      poller_.wait(milliseconds(5));
      if (auto received = router_.receive()) return *received;
      for (auto& one : client_.poll(now_)) finished_.push_back(one);
    }
    ADD_FAILURE() << "nothing arrived";
    return {};
  }
  void answer(const wire::Received& to, const schemas::VenueMessage& message) {
    const auto frame = schemas::decode_venue(to.bytes);
    ASSERT_EQ(router_.send(to.peer, schemas::encode_venue({frame->correlation, message})), wire::SendResult::sent);
  }
  // What finishes next at the standing clock.
  Finished next() {
    for (int i = 0; i < 1000 && finished_.empty(); ++i) {
      wire::Poller poller;
      client_.add_to(poller);
      poller.wait(milliseconds(5));
      for (auto& one : client_.poll(now_)) finished_.push_back(one);
    }
    if (finished_.empty()) return {};
    const Finished first = finished_.front();
    finished_.erase(finished_.begin());
    return first;
  }
  CallError next_error() {
    const Finished finished = next();
    const auto* error = std::get_if<CallError>(&finished.outcome);
    EXPECT_NE(error, nullptr);
    return error == nullptr ? CallError::duplicate : *error;
  }

  Folder folder_;
  Party party_;
  wire::Context context_;
  wire::ZapServer zap_;
  wire::RouterSocket router_{context_, party_.venue};
  wire::Poller poller_;
  VenueClient client_;
  SteadyTime now_ = SteadyTime{} + seconds(1000);
  std::vector<Finished> finished_;
  const PlaceOrder order_ = order_for(1, Side::buy, 100 * one_usdt);
};

TEST_F(Client, AnAnswerFinishesItsRequestOnce) {
  bind();
  const auto first = client_.start(order_, now_);
  const auto second = client_.start(schemas::QueryOrder{client_id(2), true}, now_);
  const auto one = arrived();
  const auto two = arrived();
  EXPECT_EQ(wire::peer_of(one.user_id)->name, "worker-1");
  answer(two, OrderReport{client_id(2), OrderStatus::not_found, "", false, {}});
  answer(one, OrderReport{client_id(1), OrderStatus::resting, "", false, {}});
  answer(one, OrderReport{client_id(1), OrderStatus::rejected, "", false, {}});
  EXPECT_EQ(next().correlation, second);
  const auto finished = next();
  EXPECT_EQ(finished.correlation, first);
  EXPECT_EQ(std::get<OrderReport>(std::get<schemas::VenueMessage>(finished.outcome)).status, OrderStatus::resting);
  EXPECT_EQ(client_.in_flight(), 0U);
}

TEST_F(Client, WhatNeverLeftIsRetryLaterEvenWhenItWrites) {
  client_.start(order_, now_);  // nobody listens
  EXPECT_TRUE(client_.poll(now_ + milliseconds(1999)).empty());
  now_ += seconds(2);
  EXPECT_EQ(next_error(), CallError::retry_later);
  EXPECT_EQ(client_.in_flight(), 0U);
}

TEST_F(Client, ARequestNeverLeavesAfterItsSendDeadline) {
  client_.start(order_, now_, now_ + milliseconds(300));
  now_ += milliseconds(300);
  EXPECT_EQ(next_error(), CallError::retry_later);
  bind();
  client_.start(schemas::QueryOrder{client_id(2), true}, now_);
  EXPECT_TRUE(std::holds_alternative<schemas::QueryOrder>(schemas::decode_venue(arrived().bytes)->message));
}

TEST_F(Client, SilenceOnAWriteIsDoubtAndOnAReadIsRetryLater) {
  bind();
  client_.start(order_, now_);
  client_.start(schemas::CancelOrder{client_id(1)}, now_);
  client_.start(schemas::QueryOrder{client_id(1), true}, now_);
  for (int i = 0; i < 3; ++i) arrived();
  now_ += seconds(2);
  EXPECT_EQ(next_error(), CallError::unknown_outcome);
  EXPECT_EQ(next_error(), CallError::unknown_outcome);
  EXPECT_EQ(next_error(), CallError::retry_later);
}

TEST_F(Client, AfterAnExpiryTheNextRequestTakesAFreshSocketAndTheOldOneStillAnswers) {
  bind();
  client_.start(order_, now_);
  const auto silent = arrived();
  now_ += seconds(1);
  const auto later = client_.start(schemas::QueryOrder{client_id(2), true}, now_);
  const auto old_line = arrived();
  EXPECT_EQ(old_line.peer, silent.peer);
  now_ += seconds(1);
  EXPECT_EQ(next_error(), CallError::unknown_outcome);
  const auto fresh = client_.start(schemas::QueryOrder{client_id(3), true}, now_);
  const auto new_line = arrived();
  EXPECT_NE(new_line.peer, silent.peer);
  answer(silent, OrderReport{client_id(1), OrderStatus::resting, "", false, {}});  // too late: nobody's
  answer(old_line, OrderReport{client_id(2), OrderStatus::not_found, "", false, {}});
  EXPECT_EQ(next().correlation, later);
  answer(new_line, OrderReport{client_id(3), OrderStatus::not_found, "", false, {}});
  EXPECT_EQ(next().correlation, fresh);
  EXPECT_TRUE(finished_.empty());
}

TEST_F(Client, AnUnreadableOrForeignAnswerToAWriteIsDoubt) {
  bind();
  client_.start(order_, now_);
  answer(arrived(), schemas::BarTaken{});
  EXPECT_EQ(next_error(), CallError::unknown_outcome);
  const auto correlation = client_.start(order_, now_);
  ASSERT_LT(correlation, 128U);
  const auto received = arrived();
  // Field 1 alone: a correlation without a body.
  ASSERT_EQ(router_.send(received.peer, std::string{'\x08', static_cast<char>(correlation)}), wire::SendResult::sent);
  EXPECT_EQ(next_error(), CallError::unknown_outcome);
}

TEST_F(Client, ARefusalIsRejectedOnlyWhereItSaysSomethingAboutTheRequest) {
  bind();
  const auto refused = [&](const schemas::VenueMessage& request, const std::string& reason) {
    client_.start(request, now_);
    answer(arrived(), schemas::VenueRefusal{reason});
    return next_error();
  };
  EXPECT_EQ(refused(order_, "id_conflict: ..."), CallError::rejected);
  EXPECT_EQ(refused(schemas::QueryOrder{client_id(1), true}, "told_to_reject"), CallError::retry_later);
  EXPECT_EQ(refused(schemas::CancelOrder{client_id(1)}, "told_to_reject"), CallError::retry_later);
  EXPECT_EQ(refused(bar_at(1, 30'000), "bar_conflict: ..."), CallError::rejected);
  EXPECT_EQ(refused(order_, "not_allowed: ..."), CallError::fatal_auth);
  EXPECT_EQ(refused(order_, "bad_key: unknown: ..."), CallError::fatal_auth);
}

TEST_F(Client, ARefusalSaysSoAndWhenToComeAgain) {
  bind();
  client_.start(order_, now_, std::nullopt, [](std::uint64_t correlation) {
    return schemas::Signature{"main", "key", 1, std::to_string(correlation)};
  });
  const auto received = arrived();
  const auto frame = schemas::decode_venue(received.bytes);
  ASSERT_TRUE(frame && frame->signature);
  EXPECT_EQ(frame->signature->proof, std::to_string(frame->correlation)) << "signed as what it is sent as";
  answer(received, schemas::VenueRefusal{"too_many: ...", 40});
  const auto finished = next();
  EXPECT_EQ(std::get<CallError>(finished.outcome), CallError::retry_later);
  EXPECT_TRUE(finished.refused);
  EXPECT_EQ(finished.retry_after_ms, 40);
}

TEST_F(Client, WaitsNoLongerThanToItsNextDeadline) {
  EXPECT_EQ(client_.wait_at_most(now_), milliseconds(1000));
  client_.start(order_, now_);
  EXPECT_LE(client_.wait_at_most(now_), milliseconds(5));  // not sent yet
  bind();
  arrived();
  EXPECT_EQ(client_.wait_at_most(now_ + milliseconds(1900)), milliseconds(100));
  EXPECT_EQ(client_.wait_at_most(now_ + seconds(9)), milliseconds(0));
}

TEST_F(Client, ForgetsAllItHasInFlight) {
  bind();
  client_.start(order_, now_);
  const auto received = arrived();
  client_.forget_all();
  EXPECT_EQ(client_.in_flight(), 0U);
  now_ += seconds(9);
  EXPECT_TRUE(client_.poll(now_).empty());
  EXPECT_NE(router_.send(received.peer, "x"), wire::SendResult::would_block);
}

}  // namespace
}  // namespace workers::venues::paper
