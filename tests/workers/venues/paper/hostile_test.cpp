// Peers that mean harm, against the venue's own process: afterwards it answers, and its books are what they were.
#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "tests/schemas/codec/generators.hpp"
#include "tests/support/child.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/workers/venues/paper/process.hpp"

namespace workers::venues::paper {
namespace {

using namespace tests;
namespace wire = brokers::wire;
using schemas::VenueMessage;

class Hostile : public testing::Test {
 protected:
  wire::DealerSocket socket(const wire::CurveKeys& own) {
    return {context_, party_.endpoint(), own, party_.venue.public_key};
  }
  // The answer to this question, past those to others; nothing within half a minute.
  static std::optional<VenueMessage> ask(wire::DealerSocket& from, const VenueMessage& question) {
    static std::uint64_t number = 1'000'000;
    const std::string bytes = schemas::encode_venue({++number, question});
    EXPECT_TRUE(wait_until([&] { return from.send(bytes) == wire::SendResult::sent; }));
    std::optional<VenueMessage> answer;
    (void)wait_until([&] {
      while (const auto came = from.receive()) {
        const auto frame = schemas::decode_venue(*came);
        EXPECT_TRUE(frame) << frame.error().reason;
        if (frame && frame->correlation == number) answer = frame->message;
      }
      return answer.has_value();
    });
    return answer;
  }
  // It lives, and the account is as it was.
  void expect_untouched() {
    EXPECT_FALSE(venue_.has_ended());
    auto feed = socket(party_.feed);
    const auto now = ask(feed, schemas::StatementRequest{});
    ASSERT_TRUE(now);
    EXPECT_EQ(std::get<schemas::Statement>(*now), before_);
  }
  void SetUp() override {
    auto feed = socket(party_.feed);
    const auto answer = ask(feed, schemas::StatementRequest{});
    ASSERT_TRUE(answer);
    before_ = std::get<schemas::Statement>(*answer);
  }

  Folder folder_;
  const Party party_ = Party::make(folder_);
  VenueProcess venue_{party_};
  wire::Context context_;
  schemas::Statement before_;
};

TEST_F(Hostile, RubbishAndPlainPeersAreCutOff) {
  const std::string path = party_.endpoint().substr(std::string("ipc://").size());
  std::vector<RawPeer> peers;
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), signature(), greeting("NULL"), greeting("CURVE"), std::string()}) {
    peers.emplace_back(path);
    ASSERT_TRUE(peers.back().is_open());
    peers.back().write(bytes);
  }
  expect_untouched();
  EXPECT_TRUE(wait_until(
      [&] { return std::all_of(peers.begin(), peers.end(), [](RawPeer& peer) { return peer.was_cut_off(); }); }));
}

TEST_F(Hostile, BytesThatAreNoMessageAreAnsweredAsSuch) {
  auto worker = socket(party_.worker);
  for (const std::string& bytes : {std::string(), std::string("\xff\xff\xff"), std::string(100'000, 'x')})
    EXPECT_TRUE(wait_until([&] { return worker.send(bytes) == wire::SendResult::sent; }));
  (void)worker.send(std::string(wire::most_request_bytes + 1, 'x'));
  expect_untouched();
}

// Symbols, ids and coins that do not exist: refused, by either role.
TEST_F(Hostile, AnyMessageIsAnswered) {
  auto worker = socket(party_.worker), feed = socket(party_.feed);
  EXPECT_TRUE(rc::check("any message", [&] {
    const auto message = any_frame().message;
    RC_ASSERT(ask(flag() ? worker : feed, message).has_value());
  }));
  expect_untouched();
}

// The right symbol with numbers from the ends of their ranges.
TEST_F(Hostile, TheLargestAndSmallestNumbersMoveNothing) {
  constexpr Int128 most = machines::power_of_ten(38) - 1;
  using Limits = std::numeric_limits<std::int64_t>;
  auto worker = socket(party_.worker), feed = socket(party_.feed);
  int id = 0;
  for (const Int128 size : {most, -most, Int128{0}, Int128{-1}})
    for (const std::int64_t at : {Limits::min(), std::int64_t{0}, Limits::max()})
      for (const Side side : {Side::buy, Side::sell}) {
        EXPECT_TRUE(ask(worker, PlaceOrder{client_id(++id), "ETH/USDT", side, size, {at}}));
        EXPECT_TRUE(ask(feed, schemas::HandTrade{client_id(id), "ETH/USDT", side, size, {at}}));
      }
  for (const std::int64_t price : {Limits::min(), std::int64_t{-1}, std::int64_t{0}})
    EXPECT_TRUE(ask(feed, OpenBar{"ETH/USDT", hour(1), Price{price}}));
  EXPECT_TRUE(ask(feed, schemas::HandTransfer{"out", "USDT", -most, hour(1)}));
  EXPECT_TRUE(ask(feed, OpenBar{"ETH/USDT", {Limits::min()}, Price{30'000'000'000}}));
  EXPECT_TRUE(ask(feed, OpenBar{"ETH/USDT", hour(1), Price{30'000'000'000}}));
  expect_untouched();
  EXPECT_TRUE(ask(feed, schemas::HandTransfer{"in", "USDT", most, hour(1)}));
  EXPECT_TRUE(ask(feed, schemas::HandTransfer{"in again", "USDT", most, hour(1)}));
  EXPECT_TRUE(ask(feed, OpenBar{"ETH/USDT", hour(2), Price{Limits::max()}}));
  EXPECT_FALSE(venue_.has_ended());
}

}  // namespace
}  // namespace workers::venues::paper
