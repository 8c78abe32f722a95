// deploy/replay/feed.hpp: Feed, which plays bars into the house, each in two barriers (DESIGN 2): `open`, where the
// venue learns the open and resting orders fill (skipped when nothing waits for it), then `close`, where timers fire.
// It moves on only when the broker says that nothing of that world time is open any more. Stepped; never blocks longer
// than it is told; survives broker and venue restarts by asking again: every question it asks is idempotent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "brokers/wire/socket.hpp"
#include "deploy/house/broker_address.hpp"
#include "deploy/replay/barriers/barrier.hpp"
#include "deploy/replay/barriers/barrier_plan.hpp"
#include "ledger/books/books.hpp"
#include "schemas/codec/messages.hpp"
#include "workers/market/bars.hpp"

namespace deploy {

struct FeedLinks {
  std::vector<BrokerAddress> brokers;  // those that we know of; others are found by their seats
  std::string venue_endpoint, venue_key;
  brokers::wire::CurveKeys keys;
};

class Feed {
 public:
  // Plays the bars after `played_to` (0: from the beginning). `dsn` is for finding what still rests at the end, and who
  // else serves shards.
  Feed(brokers::wire::Context& context, FeedLinks links, std::string symbol,
       const std::vector<workers::market::Bar>& bars, machines::Instant played_to, const std::string& dsn);

  // Waits at most `at_most_ms` for answers and moves on as far as they allow.
  void step(std::int64_t at_most_ms);
  [[nodiscard]] bool done() const { return plan_.is_done(); }
  // Not empty: a job is parked and the replay can't go on; says which and why.
  [[nodiscard]] const std::string& stalled() const { return stalled_; }
  [[nodiscard]] std::size_t played() const { return plan_.bar(); }
  [[nodiscard]] std::size_t bars() const { return plan_.bars().size(); }
  [[nodiscard]] machines::Instant played_to() const {
    return played() == 0 ? machines::Instant{0} : plan_.bars()[played() - 1].opens_at;
  }

 private:
  using Phase = BarrierPlan::Phase;

  struct Line {
    BrokerAddress address;
    std::optional<brokers::wire::DealerSocket> socket;
    std::int64_t heard_us = 0;
    bool found = false;  // by its seat: forgotten when that is gone
  };

  void began();  // a phase
  void ask();
  [[nodiscard]] brokers::wire::SendResult send_question();
  [[nodiscard]] brokers::wire::SendResult tell_brokers(const schemas::Message& message);
  [[nodiscard]] brokers::wire::SendResult tell_one_broker(const schemas::Message& message);
  void refresh_lines();
  void find_brokers();
  void ask_again_in(std::int64_t us);
  void take_broker(const std::string& broker, const schemas::Message& message);
  void take_venue(const schemas::VenueFrame& frame);
  void released(const schemas::Released& released);
  bool look_up();           // what the plan wants looked up; false: PostgreSQL is away
  bool find_live_orders();  // into resting_; false: PostgreSQL is away

  brokers::wire::Context& context_;
  FeedLinks links_;
  std::vector<Line> brokers_;
  std::size_t submits_to_ = 0;  // any broker takes an event: the next one where this one was silent
  bool soon_ = false;           // some broker could not be told, and may only be connecting
  Barrier barrier_;
  std::optional<brokers::wire::DealerSocket> venue_;
  brokers::wire::Poller poller_;
  std::string symbol_;
  BarrierPlan plan_;
  ledger::Connection connection_;
  std::int64_t asked_us_ = 0, fresh_us_ = 0, found_us_ = 0;
  std::uint64_t correlation_ = 0;
  std::vector<machines::InstanceId> resting_;
  std::string stalled_;
};

}  // namespace deploy
