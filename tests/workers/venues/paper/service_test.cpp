// The venue as its own process, over CURVE on a Unix socket; killed, restarted and told to misbehave.
#include "workers/venues/paper/service.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "tests/workers/venues/paper/process.hpp"

namespace workers::venues::paper {
namespace {

using namespace tests;
using machines::CallError;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
namespace wire = brokers::wire;
using Clock = std::chrono::steady_clock;

constexpr seconds patience{30};
const std::atomic<bool> never = false;

// A worker or the feed. `deadline` is short where a fault makes the venue silent.
class Peer {
 public:
  Peer(const Party& party, const wire::CurveKeys& keys, milliseconds deadline = seconds(20))
      : client_(context_, config(party, keys, deadline)) {}

  // The answer, or how it failed.
  Finished call(const schemas::VenueMessage& request) {
    const auto asked = client_.start(request, Clock::now());
    for (;;) {
      wire::Poller poller;
      client_.add_to(poller);
      poller.wait(client_.wait_at_most(Clock::now()));
      for (auto& finished : client_.poll(Clock::now()))
        if (finished.correlation == asked) return finished;
    }
  }
  OrderReport report(const schemas::VenueMessage& request) {
    const Finished finished = call(request);
    const auto* message = std::get_if<schemas::VenueMessage>(&finished.outcome);
    EXPECT_NE(message, nullptr) << finished.text;
    return message == nullptr ? OrderReport{} : std::get<OrderReport>(*message);
  }
  CallError error(const schemas::VenueMessage& request) {
    const Finished finished = call(request);
    const auto* error = std::get_if<CallError>(&finished.outcome);
    EXPECT_NE(error, nullptr);
    return error == nullptr ? CallError::duplicate : *error;
  }
  int take(const OpenBar& bar) {
    const auto taken = take_bar(client_, bar, patience, never);
    EXPECT_TRUE(taken) << taken.error().text;
    return taken ? taken->filled : -1;
  }
  schemas::Statement statement() {
    const auto answer = ask(client_, schemas::StatementRequest{}, patience, never);
    EXPECT_TRUE(answer);
    return answer ? std::get<schemas::Statement>(*answer) : schemas::Statement{};
  }
  VenueClient& client() { return client_; }

 private:
  static VenueClientConfig config(const Party& party, const wire::CurveKeys& keys, milliseconds deadline) {
    auto made = party.client(keys);
    made.deadline = deadline;
    return made;
  }
  wire::Context context_;
  VenueClient client_;
};

class Service : public testing::Test {
 protected:
  Folder folder_;
  const Party party_ = Party::make(folder_);
};

std::int64_t wall_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

TEST_F(Service, EveryReportSaysWhenTheVenueAnswered) {
  VenueProcess venue(party_);
  Peer worker(party_, party_.worker);
  for (const auto& request : std::initializer_list<schemas::VenueMessage>{
           order_for(1, Side::buy, 1000 * one_usdt), schemas::QueryOrder{client_id(1), true},
           schemas::QueryOrder{client_id(2), true}, schemas::CancelOrder{client_id(1)}}) {
    const std::int64_t before = wall_us();
    const auto report = worker.report(request);
    EXPECT_GE(report.venue_us, before);
    EXPECT_LE(report.venue_us, wall_us());
  }
}

TEST_F(Service, ItSaysByWhichRulesItDealsToWhoPlacesOrders) {
  const auto told = [&](const wire::CurveKeys& as) {
    VenueProcess venue(party_);
    Peer peer(party_, as);
    return peer.call(schemas::VenueRulesRequest{});
  };
  EXPECT_EQ(std::get<schemas::VenueRules>(std::get<schemas::VenueMessage>(told(party_.worker).outcome)),
            (schemas::VenueRules{true, true, false, 5'000, 200}));
  EXPECT_THAT(told(party_.feed).text, HasSubstr("not_allowed"));
}

TEST_F(Service, ALateRequestMakesNoOrderOnceItsIdIsBarred) {
  VenueProcess venue(party_);
  Peer worker(party_, party_.worker), feed(party_, party_.feed);
  EXPECT_EQ(worker.report(schemas::CancelOrder{client_id(1)}).reason, "barred_before_it_came");
  venue.kill();
  venue.start();
  Peer another(party_, party_.worker);  // what the first one sends may die with the old socket
  EXPECT_EQ(another.report(order_for(1, Side::sell, one_eth)).status, OrderStatus::cancelled);
  EXPECT_EQ(feed.take(bar_at(1, 30'000)), 0);
}

TEST_F(Service, ALateRequestMakesNoOrderOnceItsDeadlineHasPassed) {
  std::ofstream(folder_.at("as_real_ones")) << "";
  VenueProcess venue(party_);
  Peer worker(party_, party_.worker), feed(party_, party_.feed);
  const auto rules =
      std::get<schemas::VenueRules>(std::get<schemas::VenueMessage>(worker.call(schemas::VenueRulesRequest{}).outcome));
  EXPECT_FALSE(rules.ids_for_ever || rules.tombstones);
  EXPECT_TRUE(rules.enforces_deadline);
  EXPECT_EQ(worker.report(schemas::CancelOrder{client_id(1)}).status, OrderStatus::not_found);
  auto order = order_for(1, Side::sell, one_eth);
  order.not_after_us = wall_us() - 1;
  EXPECT_EQ(worker.error(order), CallError::unknown_outcome) << "an earlier copy of it may have come in time";
  EXPECT_THAT(worker.call(order).text, HasSubstr("deadline_passed"));
  order.not_after_us = wall_us() + 90'000'000;
  EXPECT_EQ(worker.error(order), CallError::unknown_outcome);
  EXPECT_EQ(worker.report(schemas::QueryOrder{client_id(1), true}).status, OrderStatus::not_found) << "without trace";
  EXPECT_EQ(feed.take(bar_at(1, 30'000)), 0);
  order = order_for(1, Side::sell, one_eth, 2);
  order.not_after_us = wall_us() + 30'000'000;
  EXPECT_EQ(worker.report(order).status, OrderStatus::resting);
  order.not_after_us = 1;
  EXPECT_EQ(worker.error(order), CallError::unknown_outcome) << "and indeed one did";
  EXPECT_EQ(feed.take(bar_at(2, 30'000)), 1);
}

TEST_F(Service, ServesWorkersAndTheFeedAndStopsWhenTold) {
  VenueProcess venue(party_);
  Peer worker(party_, party_.worker), feed(party_, party_.feed);
  EXPECT_EQ(worker.report(order_for(1, Side::buy, 1000 * one_usdt)).status, OrderStatus::resting);
  EXPECT_EQ(worker.report(order_for(2, Side::sell, one_eth)).status, OrderStatus::resting);
  EXPECT_EQ(worker.report(schemas::CancelOrder{client_id(2)}).status, OrderStatus::cancelled);
  EXPECT_EQ(feed.take(bar_at(1, 30'000)), 1);
  feed.take(bar_at(2, 30'000));
  const auto report = worker.report(schemas::QueryOrder{client_id(1), true});
  EXPECT_EQ(report.status, OrderStatus::filled);
  Int128 spent = 0;
  for (const auto& fill : report.fills) spent += fill.quote + fill.fee;
  EXPECT_EQ(feed.statement().lines[1], (schemas::StatementLine{"USDT", 20'000 * one_usdt - spent}));
  EXPECT_EQ(worker.statement(), feed.statement());
  EXPECT_EQ(venue.stop(), 0);
}

TEST_F(Service, EachRoleMayAskItsOwnOnly) {
  const VenueProcess venue(party_);
  Peer worker(party_, party_.worker), feed(party_, party_.feed);
  EXPECT_EQ(worker.error(bar_at(1, 30'000)), CallError::fatal_auth);
  EXPECT_EQ(feed.error(order_for(1, Side::buy, 1000 * one_usdt)), CallError::fatal_auth);
  EXPECT_EQ(feed.error(schemas::CancelOrder{client_id(1)}), CallError::fatal_auth);
}

TEST_F(Service, APersonTradesAndMovesCoinsAndEveryoneSeesIt) {
  const VenueProcess venue(party_);
  Peer worker(party_, party_.worker), feed(party_, party_.feed);
  const schemas::HandTrade trade{"a", "ETH/USDT", Side::sell, one_eth, hour(1)};
  EXPECT_EQ(feed.error(trade), CallError::rejected);  // no bar yet
  feed.take(bar_at(1, 30'000));
  EXPECT_EQ(worker.error(trade), CallError::fatal_auth);
  EXPECT_EQ(worker.error(schemas::HandTransfer{"b", "USDT", one_usdt, hour(1)}), CallError::fatal_auth);
  for (int again = 0; again < 2; ++again) ASSERT_TRUE(ask(feed.client(), trade, patience, never));
  const auto moved = feed.call(schemas::HandTransfer{"b", "USDT", one_usdt, hour(1)});
  const auto& told = std::get<schemas::Statement>(std::get<schemas::VenueMessage>(moved.outcome));
  EXPECT_EQ(told.foreign.size(), 1U);
  EXPECT_EQ(told.lines[0].total, 9 * one_eth);
  EXPECT_EQ(told.lines[1].total, (20'000 + 300 + 1) * one_usdt - 30'000'000);
  EXPECT_EQ(worker.statement(), told);
}

// Whatever moment the venue dies at: what was answered stands, what is asked again happens once.
TEST_F(Service, KilledWhilePeopleTradeNothingIsLostOrDoubled) {
  VenueProcess venue(party_);
  Peer feed(party_, party_.feed, milliseconds(200));
  feed.take(bar_at(1, 30'000));
  for (int i = 0; i < 30; ++i) {
    const schemas::HandTransfer moved{std::to_string(i), "USDT", one_usdt, hour(1)};
    const schemas::HandTrade trade{std::to_string(i), "ETH/USDT", Side::sell, one_eth / 10, hour(1)};
    for (const schemas::VenueMessage& wanted : {schemas::VenueMessage(moved), schemas::VenueMessage(trade)}) {
      (void)feed.client().start(wanted, Clock::now());
      for (int look = 0; look < 100 * i; ++look) (void)feed.client().poll(Clock::now());  // more and more gets through
      venue.kill();
      venue.start();
      feed.client().forget_all();
      ASSERT_TRUE(ask(feed.client(), wanted, patience, never)) << i;
    }
  }
  const auto told = feed.statement();
  EXPECT_EQ(told.foreign.size(), 30U);
  EXPECT_EQ(told.lines[0].total, 7 * one_eth);
  EXPECT_EQ(told.lines[1].total, (20'000 + 30 + 900) * one_usdt - 90'000'000);
}

TEST_F(Service, AKeyThatNobodyKnowsGetsNothingAcross) {
  const VenueProcess venue(party_);
  Peer(party_, party_.feed).take(bar_at(1, 30'000));  // it serves
  Peer stranger(party_, wire::make_keys(), milliseconds(500));
  EXPECT_EQ(stranger.error(order_for(1, Side::buy, 1000 * one_usdt)), CallError::retry_later);  // it never left
}

TEST_F(Service, AnUnreadableFrameIsRefusedUnderItsOwnCorrelation) {
  const VenueProcess venue(party_);
  wire::Context context;
  wire::DealerSocket socket(context, party_.endpoint(), party_.worker, party_.venue.public_key);
  const auto answer_to = [&](const std::string& bytes) {
    while (socket.send(bytes) != wire::SendResult::sent) std::this_thread::yield();
    wire::Poller poller;
    poller.add(socket);
    EXPECT_TRUE(poller.wait(patience));
    return *schemas::decode_venue(*socket.receive());
  };
  const auto garbage = answer_to("not protobuf at all");
  EXPECT_EQ(garbage.correlation, 0U);
  EXPECT_THAT(std::get<schemas::VenueRefusal>(garbage.message).reason, HasSubstr("unreadable"));
  const auto bodiless = answer_to("\x08\x2a");  // field 1 alone: correlation 42
  EXPECT_EQ(bodiless.correlation, 42U);
  EXPECT_THAT(std::get<schemas::VenueRefusal>(bodiless.message).reason, HasSubstr("unreadable"));
  const auto answer = answer_to(schemas::encode_venue({7, schemas::BarTaken{}}));
  EXPECT_EQ(answer.correlation, 7U);
  EXPECT_THAT(std::get<schemas::VenueRefusal>(answer.message).reason, HasSubstr("not_a_request"));
}

TEST_F(Service, ABadConfigurationOrAFileInUseEndsWithTwo) {
  auto config = party_.config();
  config.book.markets[0].instrument.taker_fee = {-1};
  EXPECT_EQ(serve(config, never), 2);
  config = party_.config();
  config.peers.clear();
  EXPECT_EQ(serve(config, never), 2);
  const VenueProcess venue(party_);
  Peer(party_, party_.feed).take(bar_at(1, 30'000));  // it serves
  EXPECT_EQ(serve(party_.config(), never), 2);
  config = party_.config();
  config.store = folder_.at("other.db");
  config.endpoint = "ipc://" + folder_.at(std::string(200, 'x'));
  EXPECT_EQ(serve(config, never), 1);
}

TEST_F(Service, ATimeOutLeavesNothingAndALostAnswerLeavesTheOrder) {
  const VenueProcess venue(party_, {"place:1:time_out", "place:3:lose_answer"});
  Peer(party_, party_.feed).take(bar_at(0, 30'000));  // it serves, so that the requests leave at once
  Peer worker(party_, party_.worker, milliseconds(800));
  const auto order = order_for(1, Side::buy, 1000 * one_usdt);
  EXPECT_EQ(worker.error(order), CallError::unknown_outcome);
  EXPECT_EQ(worker.report(schemas::QueryOrder{client_id(1), true}).status, OrderStatus::not_found);
  EXPECT_FALSE(worker.report(order).duplicate);
  const auto other = order_for(2, Side::buy, 1000 * one_usdt);
  EXPECT_EQ(worker.error(other), CallError::unknown_outcome);
  EXPECT_EQ(worker.report(schemas::QueryOrder{client_id(2), true}).status, OrderStatus::resting);
  EXPECT_TRUE(worker.report(other).duplicate);
}

TEST_F(Service, ToldToRejectItRejects) {
  const VenueProcess venue(party_, {"place:first:reject", "query:2:reject"});
  Peer worker(party_, party_.worker);
  const auto report = worker.report(order_for(1, Side::buy, 1000 * one_usdt));
  EXPECT_EQ(report.status, OrderStatus::rejected);
  EXPECT_EQ(report.reason, "told_to_reject");
  EXPECT_EQ(worker.report(schemas::QueryOrder{client_id(1), true}).status, OrderStatus::rejected);
  EXPECT_EQ(worker.error(schemas::QueryOrder{client_id(1), true}), CallError::retry_later);
}

TEST_F(Service, ACrashBeforeLeavesNothingAndACrashAfterLeavesTheOrderAndNeitherComesTwice) {
  for (const auto& [fault, status] :
       {std::pair{"place:first:crash_before", OrderStatus::not_found}, {"place:2:crash_after", OrderStatus::resting}}) {
    const Folder folder;
    const Party party = Party::make(folder);
    VenueProcess venue(party, {fault});
    Peer feed(party, party.feed);
    feed.take(bar_at(0, 30'000));  // it serves, so that the requests leave at once
    Peer worker(party, party.worker, milliseconds(1500));
    if (status == OrderStatus::resting) worker.report(order_for(9, Side::sell, one_eth));
    const auto order = order_for(1, Side::buy, 1000 * one_usdt);
    EXPECT_EQ(worker.error(order), CallError::unknown_outcome);
    EXPECT_EQ(venue.wait(), 137);
    venue.start();
    feed.statement();  // it serves again
    EXPECT_EQ(worker.report(schemas::QueryOrder{client_id(1), true}).status, status);
    EXPECT_EQ(worker.report(order).status, OrderStatus::resting);
    EXPECT_EQ(feed.take(bar_at(1, 30'000)), status == OrderStatus::resting ? 2 : 1);
  }
}

TEST_F(Service, TheFeedWaitsForAVenueThatIsAwayAndGivesUpWhenTold) {
  VenueProcess venue(party_);
  Peer feed(party_, party_.feed, milliseconds(200));
  feed.take(bar_at(1, 30'000));
  venue.kill();
  EXPECT_EQ(take_bar(feed.client(), bar_at(2, 30'000), milliseconds(300), never).error().error, CallError::retry_later);
  const std::atomic<bool> stop = true;
  EXPECT_EQ(take_bar(feed.client(), bar_at(2, 30'000), patience, stop).error().text, "stopped");
  venue.start();
  EXPECT_EQ(feed.take(bar_at(2, 30'000)), 0);
  EXPECT_EQ(take_bar(feed.client(), bar_at(2, 31'000), patience, never).error().error, CallError::rejected);
}

// A short life of the venue: orders, bars and looks, as a worker and a feed that never forget to ask again. `meddle` is
// called before each request and may kill the venue.
struct Life {
  std::vector<OrderReport> reports;
  schemas::Statement statement;
};
Life live(const Party& party, const std::function<void()>& meddle) {
  Peer worker(party, party.worker, milliseconds(150)), feed(party, party.feed, milliseconds(150));
  const auto insist = [&](const schemas::VenueMessage& request) {
    for (;;) {
      meddle();
      Finished finished = worker.call(request);
      if (auto* answer = std::get_if<schemas::VenueMessage>(&finished.outcome)) return std::get<OrderReport>(*answer);
    }
  };
  Life life;
  int placed = 0;
  for (int bar = 1; bar <= 8; ++bar) {
    for (int i = 0; i < 2; ++i, ++placed) {
      const bool is_buy = placed % 3 != 0;
      EXPECT_EQ(insist(order_for(placed, is_buy ? Side::buy : Side::sell,
                                 is_buy ? (500 + placed) * one_usdt : one_eth / 2 + placed * lot, bar))
                    .status,
                OrderStatus::resting);
    }
    if (bar == 4) insist(schemas::CancelOrder{client_id(placed - 1)});
    meddle();
    feed.take(bar_at(bar, 30'000 + 137 * bar));
  }
  for (int i = 0; i < placed; ++i) {
    life.reports.push_back(insist(schemas::QueryOrder{client_id(i), true}));
    life.reports.back().duplicate = false;
    life.reports.back().venue_us = 0;  // the moment of the answer
  }
  life.statement = feed.statement();
  return life;
}

TEST_F(Service, KilledAtSeededPointsItLosesNothingAndDoublesNothing) {
  Life undisturbed;
  {
    const VenueProcess venue(party_);
    undisturbed = live(party_, [] {});
  }
  int fills = 0;
  for (const auto& report : undisturbed.reports) fills += static_cast<int>(report.fills.size());
  EXPECT_GT(fills, 16);  // parts among them

  for (const unsigned seed : {1U, 2U, 3U}) {
    const Folder folder;
    const Party party = Party::make(folder);
    VenueProcess venue(party);
    std::mt19937 random(seed);
    int kills = 0;
    // The killer strikes while a request may be under way, not only between two.
    std::atomic<bool> strike = false, over = false;
    std::thread killer([&] {
      for (;;) {
        strike.wait(false);
        if (over) return;
        strike = false;
        venue.kill();
        venue.start();
        ++kills;
      }
    });
    const Life disturbed = live(party, [&] {
      if (random() % 4 != 0) return;
      strike = true;
      strike.notify_one();
    });
    over = true;
    strike = true;
    strike.notify_one();
    killer.join();
    EXPECT_GE(kills, 2) << "seed " << seed;
    EXPECT_EQ(disturbed.reports, undisturbed.reports) << "seed " << seed;
    EXPECT_EQ(disturbed.statement, undisturbed.statement) << "seed " << seed;
  }
}

TEST_F(Service, FaultsLeaveTheSameLifeAsNone) {
  Life undisturbed;
  {
    const VenueProcess venue(party_);
    undisturbed = live(party_, [] {});
  }
  const Folder folder;
  const Party party = Party::make(folder);
  VenueProcess venue(party, {"place:2:time_out", "place:5:lose_answer", "place:8:crash_before", "place:11:crash_after",
                             "query:3:crash_before", "query:5:lose_answer", "cancel:1:lose_answer"});
  int crashes = 0;
  const Life disturbed = live(party, [&] {
    if (!venue.has_ended()) return;
    EXPECT_EQ(venue.last_exit(), 137);
    ++crashes;
    venue.start();
  });
  EXPECT_EQ(crashes, 3);
  EXPECT_EQ(disturbed.reports, undisturbed.reports);
  EXPECT_EQ(disturbed.statement, undisturbed.statement);
}

}  // namespace
}  // namespace workers::venues::paper
