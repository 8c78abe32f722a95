// tests/deploy/replay/feed_test.cpp: the feed, stepped, between a broker and a venue that this test plays over real
// sockets: in which order bars are released, who is told of an open, and what ends a replay.
#include "deploy/replay/feed.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <functional>

#include "brokers/wire/zap.hpp"
#include "ledger/jobs/seats.hpp"
#include "tests/support/child.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

namespace wire = brokers::wire;
using machines::Instant;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Instant nothing_due{INT64_MAX};

// A router that knows one client.
class Peer {
 public:
  Peer(const std::string& endpoint, const std::string& client_key)
      : zap_(context_, {{client_key, {wire::Role::client, "client"}}}), router_(context_, keys_) {
    const auto bound = router_.bind(endpoint);
    EXPECT_TRUE(bound) << bound.error().text;
  }
  wire::RouterSocket& router() { return router_; }
  [[nodiscard]] deploy::BrokerAddress address() const { return {router_.endpoint(), keys_.public_key}; }

 private:
  wire::Context context_;
  wire::CurveKeys keys_ = wire::make_keys();
  wire::ZapServer zap_;
  wire::RouterSocket router_;
};

std::vector<workers::market::Bar> hours(int count) {
  std::vector<workers::market::Bar> bars;
  const machines::Price price{200'000'000'000};
  for (int hour = 0; hour < count; ++hour)
    bars.push_back({{(1'000 + hour) * machines::hours(1).us}, price, price, price, price});
  return bars;
}

class Feed : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    static const std::string shared = fresh_database();
    database_ = shared;
    broker_.emplace("ipc://" + (folder_.path() / "broker").string(), client_.public_key);
    venue_.emplace("ipc://" + (folder_.path() / "venue").string(), client_.public_key);
    answer_ = [](const schemas::Release& release) { return passed(release.world_at); };
  }
  // That all jobs up to there are done.
  static schemas::Released passed(Instant world_at, Instant next_due = nothing_due) {
    schemas::Released released;
    released.world_at = world_at;
    released.next_due = next_due;
    released.shards = released.live = {3};
    return released;
  }
  deploy::Feed feed(Instant played_to = {0}) {
    const auto venue = venue_->address();
    return {context_,   {{broker_->address()}, venue.endpoint, venue.public_key, client_},
            "ETH/USDT", bars_,
            played_to,  dsn(database_)};
  }
  // Steps until the feed is done or stalled.
  void play(deploy::Feed& feed) {
    EXPECT_TRUE(wait_until([&] {
      feed.step(2);
      be_broker();
      be_venue();
      return feed.done() || !feed.stalled().empty();
    })) << fmt::format("{}", fmt::join(said_, ", "));
  }
  // "open 1", "close 0", "hour 1 + 5000 us": a world time by the bars.
  std::string when(Instant at) const {
    for (std::size_t bar = 0; bar < bars_.size(); ++bar) {
      if (at == bars_[bar].opens_at) return fmt::format("open {}", bar);
      if (at == machines::next_bar_close(bars_[bar].opens_at)) return fmt::format("close {}", bar);
    }
    return fmt::format("{} us", (at - bars_.front().opens_at).us);
  }
  void be_broker() {
    while (const auto received = broker_->router().receive()) {
      const auto message = schemas::decode(received->bytes);
      ASSERT_TRUE(message);
      const auto reply = [&](const schemas::Message& answer) {
        (void)broker_->router().send(received->peer, schemas::encode(answer));
      };
      if (const auto* release = std::get_if<schemas::Release>(&*message)) {
        said_.push_back(when(release->world_at) +
                        (release->ahead.empty() ? "" : fmt::format(" and {} ahead", release->ahead.size())));
        if (refusals_-- > 0)
          reply(schemas::Refused{"not now", 10});
        else
          reply(answer_(*release));
      } else if (const auto* submit = std::get_if<schemas::Submit>(&*message)) {
        said_.push_back(fmt::format("{} {}", submit->event, submit->instance.value));
        must_run(database_, fmt::format("SET LOCAL session_replication_role = replica; UPDATE ledger.instance SET "
                                        "is_final = true WHERE id = {}",
                                        submit->instance.value));
        reply(schemas::Submitted{submit->instance, submit_answer_, "some words"});
      }
    }
  }
  void be_venue() {
    while (const auto received = venue_->router().receive()) {
      const auto frame = schemas::decode_venue(received->bytes);
      ASSERT_TRUE(frame);
      const auto* bar = std::get_if<schemas::OpenBar>(&frame->message);
      ASSERT_NE(bar, nullptr);
      said_.push_back("venue: " + when(bar->opens_at));
      (void)venue_->router().send(received->peer,
                                  schemas::encode_venue({frame->correlation, schemas::BarTaken{bar->opens_at, 0}}));
    }
  }

  TempFolder folder_;
  std::string database_;
  wire::Context context_;
  wire::CurveKeys client_ = wire::make_keys();
  std::optional<Peer> broker_, venue_;
  std::vector<workers::market::Bar> bars_ = hours(3);
  std::function<schemas::Released(const schemas::Release&)> answer_;
  schemas::SubmitAnswer submit_answer_ = schemas::SubmitAnswer::accepted;
  int refusals_ = 0;
  std::vector<std::string> said_;
};

// The vault is funded and its sleeves are given theirs before the first bar; the venue hears nothing.
TEST_F(Feed, WhereNobodyWaitsForAnOpenEachBarIsItsClose) {
  auto played = feed();
  play(played);
  EXPECT_THAT(said_, ElementsAre("-2000 us", "-1000 us", "close 0 and 2 ahead", "close 1 and 1 ahead", "close 2",
                                 when(machines::next_bar_close(bars_.back().opens_at) + machines::Duration{1})));
  EXPECT_EQ(played.played(), 3U);
  EXPECT_EQ(played.played_to(), bars_.back().opens_at);
  EXPECT_EQ(played.stalled(), "");
}

TEST_F(Feed, ClosesThatPassedByThemselvesAreNotAskedForAgain) {
  answer_ = [&](const schemas::Release& release) {
    return passed(release.ahead.empty() ? release.world_at : release.ahead.back().world_at);
  };
  auto played = feed();
  play(played);
  EXPECT_THAT(said_, ElementsAre("-2000 us", "-1000 us", "close 0 and 2 ahead", testing::_));
  EXPECT_EQ(played.played(), 3U);
}

TEST_F(Feed, AnOpenThatSomebodyWaitsForIsTheVenuesBeforeTheBrokers) {
  answer_ = [&](const schemas::Release& release) {
    return passed(release.world_at, when(release.world_at) == "close 0" ? bars_[1].opens_at : nothing_due);
  };
  auto played = feed();
  play(played);
  EXPECT_THAT(said_, ElementsAre("-2000 us", "-1000 us", "close 0 and 2 ahead", "venue: open 1", "open 1",
                                 "close 1 and 1 ahead", "close 2", testing::_));
}

TEST_F(Feed, AnAbsurdOpenIsToldToNoVenue) {
  bars_[1].open_sound = false;
  answer_ = [&](const schemas::Release& release) {
    return passed(release.world_at, when(release.world_at) == "close 0" ? bars_[1].opens_at : nothing_due);
  };
  auto played = feed();
  play(played);
  EXPECT_THAT(said_, ElementsAre("-2000 us", "-1000 us", "close 0 and 2 ahead", "open 1", "close 1 and 1 ahead",
                                 "close 2", testing::_));
}

// A vault's review in the middle of an hour: what it moves is there, or is not, for every sleeve that looks at the
// close.
TEST_F(Feed, WhatIsDueWithinABarHasABarrierOfItsOwn) {
  const Instant review = bars_[1].opens_at + machines::seconds(1'800);
  answer_ = [&](const schemas::Release& release) {
    return passed(release.world_at, release.world_at < review ? review : nothing_due);
  };
  auto played = feed();
  play(played);
  EXPECT_THAT(said_, ElementsAre("-2000 us", "-1000 us", "close 0 and 2 ahead", when(review), "close 1 and 1 ahead",
                                 "close 2", testing::_));
}

TEST_F(Feed, ItGoesOnAfterTheBarThatWasPlayedLast) {
  auto played = feed(bars_[1].opens_at);
  EXPECT_EQ(played.played(), 2U);
  play(played);
  EXPECT_THAT(said_, ElementsAre("-2000 us", "close 1", "close 2", testing::_))
      << "what was left open there is finished";
}

TEST_F(Feed, ABrokerThatCantNowIsAskedAgain) {
  refusals_ = 2;
  auto played = feed();
  play(played);
  EXPECT_THAT(said_, ElementsAre("-2000 us", "-2000 us", "-2000 us", "-1000 us", "close 0 and 2 ahead",
                                 "close 1 and 1 ahead", "close 2", testing::_));
}

TEST_F(Feed, AParkedJobStallsItAndIsNamed) {
  answer_ = [&](const schemas::Release& release) {
    auto released = passed(release.world_at);
    released.stalled = when(release.world_at) == "close 1";
    released.parked = {{1}, {42}, 7, 1};
    released.reason = "no answer";
    return released;
  };
  auto played = feed();
  play(played);
  EXPECT_EQ(played.stalled(), "job 42.7.1 of owner 1 is parked: no answer");
  EXPECT_FALSE(played.done());
  EXPECT_EQ(played.played(), 1U);
  const std::size_t asked = said_.size();
  played.step(2);
  be_broker();
  EXPECT_EQ(said_.size(), asked) << "nothing is asked any more";
}

TEST_F(Feed, AnOrderThatRestsAtTheLastBarIsCancelled) {
  database_ = fresh_database();
  must_run(database_, "SELECT ledger.open_owner('default', 3)");
  const auto order = must_run(database_,
                              "SELECT ledger.record_move(1, 'order', 0, 0, '', 'resting', 'draft', 0, false, '{}', "
                              "1000, 'query_order', 1000)")
                         .number(0, 0);
  auto played = feed();
  play(played);
  EXPECT_THAT(said_, ElementsAre("-2000 us", "-1000 us", "close 0 and 2 ahead", "close 1 and 1 ahead", "close 2",
                                 fmt::format("cancel {}", order), testing::_));
}

// By the answer's code, in whatever words: what has ended is as good as cancelled, what was not taken is asked again.
TEST_F(Feed, AnOrderThatHasEndedMeanwhileNeedsNoCancelAndOneThatWasNotTakenIsAskedForAgain) {
  for (const auto answer : {schemas::SubmitAnswer::no_such_instance, schemas::SubmitAnswer::not_taken}) {
    database_ = fresh_database();
    must_run(database_, "SELECT ledger.open_owner('default', 3)");
    must_run(database_,
             "SELECT ledger.record_move(1, 'order', 0, 0, '', 'resting', 'draft', 0, false, '{}', 1000, 'query_order', "
             "1000)");
    said_.clear();
    submit_answer_ = answer;
    auto played = feed();
    EXPECT_TRUE(wait_until([&] {
      played.step(2);
      be_broker();
      be_venue();
      const auto cancels =
          std::count_if(said_.begin(), said_.end(), [](auto& one) { return one.starts_with("cancel"); });
      if (cancels > 1) submit_answer_ = schemas::SubmitAnswer::accepted;
      return played.done();
    })) << fmt::format("{}", fmt::join(said_, ", "));
    const auto cancels = std::count_if(said_.begin(), said_.end(), [](auto& one) { return one.starts_with("cancel"); });
    EXPECT_EQ(cancels > 1, answer == schemas::SubmitAnswer::not_taken) << cancels;
  }
}

// A broker that nobody named makes itself known by its seat.
TEST_F(Feed, ABrokerThatSitsElsewhereIsFound) {
  database_ = fresh_database();
  ledger::Connection connection(dsn(database_));
  const auto address = broker_->address();
  ASSERT_TRUE(ledger::jobs::Seats(connection).take("one", address.endpoint, address.public_key, 60'000));
  const auto venue = venue_->address();
  deploy::Feed played(context_, {{}, venue.endpoint, venue.public_key, client_}, "ETH/USDT", bars_, {0},
                      dsn(database_));
  play(played);
  EXPECT_TRUE(played.done());
  EXPECT_EQ(said_.front(), "-2000 us");
}

}  // namespace
}  // namespace tests
