#include "workers/venues/paper/service.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "ledger/env/times.hpp"
#include "machines/core/names.hpp"
#include "workers/venues/paper/signature.hpp"

namespace workers::venues::paper {
namespace {

namespace wire = brokers::wire;
using schemas::VenueMessage;

constexpr int most_messages_a_round = 256;  // then `stop` gets its look
constexpr std::chrono::milliseconds longest_wait{100};
constexpr int crash_code = 137;  // as of a process that was killed

// What a fault rule may strike: the request's kind and its order.
struct Struck {
  Request on;
  std::string client_id;
};

std::optional<Struck> struck_by_faults(const VenueMessage& message) {
  if (const auto* place = std::get_if<schemas::PlaceOrder>(&message)) return Struck{Request::place, place->client_id};
  if (const auto* query = std::get_if<schemas::QueryOrder>(&message)) return Struck{Request::query, query->client_id};
  if (const auto* cancel = std::get_if<schemas::CancelOrder>(&message))
    return Struck{Request::cancel, cancel->client_id};
  return std::nullopt;
}

std::int64_t wall_us() { return ledger::env::wall_now().us; }

// What people do on the exchange, past our orders.
bool is_by_hand(const VenueMessage& message) {
  return std::holds_alternative<schemas::HandTrade>(message) || std::holds_alternative<schemas::HandTransfer>(message);
}

bool may(wire::Role role, const VenueMessage& message) {
  if (std::holds_alternative<schemas::StatementRequest>(message) ||
      std::holds_alternative<schemas::KeyInfoRequest>(message))
    return role != wire::Role::approver;
  if (std::holds_alternative<schemas::OpenBar>(message) || is_by_hand(message)) return role == wire::Role::client;
  return role == wire::Role::worker;
}

bool is_request(const VenueMessage& message) {
  return struck_by_faults(message).has_value() || std::holds_alternative<schemas::OpenBar>(message) ||
         std::holds_alternative<schemas::StatementRequest>(message) || is_by_hand(message) ||
         std::holds_alternative<schemas::KeyInfoRequest>(message) ||
         std::holds_alternative<schemas::VenueRulesRequest>(message);
}

schemas::VenueRules rules_of(const VenueProperties& properties) {
  return {properties.ids == VenueProperties::Ids::for_ever, properties.tombstones, properties.enforces_deadline,
          properties.request_life_ms, properties.settle_ms};
}

class Service {
 public:
  Service(const VenueConfig& config, const std::atomic<bool>& stop, Store store)
      : config_(config),
        stop_(stop),
        store_(std::move(store)),
        gate_(config.key_file, config.account),
        zap_(context_, config.peers),
        socket_(context_, config.keys) {}

  int run() {
    if (const auto bound = socket_.bind(config_.endpoint); !bound) return failed(bound.error().text);
    const auto proved = wire::prove_refusal(context_, zap_, config_.endpoint, config_.keys.public_key);
    if (!proved) return failed(proved.error().text);
    poller_.add(socket_);
    spdlog::info("paper venue serves {} from {}", config_.endpoint, config_.store);
    for (const FaultRule& rule : config_.faults) spdlog::warn("paper venue is told to misbehave: {}", to_text(rule));
    while (!stop_ && !broken_)
      if (poller_.wait(longest_wait)) answer_what_came();
    return broken_ ? 1 : 0;
  }

 private:
  static int failed(const std::string& text) {
    spdlog::error("{}", text);
    return 1;
  }

  struct Reply {
    std::string peer;
    schemas::VenueFrame frame;
  };

  // What came together is synced together, then answered. A misbehaving venue syncs each call by itself: it may end
  // right after one.
  void answer_what_came() {
    std::optional<Store::Round> round;
    if (config_.faults.empty()) round.emplace(store_);
    std::vector<Reply> replies;
    for (int i = 0; i < most_messages_a_round && !broken_; ++i) {
      const auto received = socket_.receive();
      if (!received) break;
      if (auto reply = reply_to(*received)) replies.push_back(std::move(*reply));
    }
    if (broken_) return;
    if (round) {
      if (const auto kept = round->commit(); !kept) {
        (void)refusal(kept.error());
        return;
      }
    }
    // A peer that is gone or full asks again: nothing is kept for it.
    for (const Reply& reply : replies) (void)socket_.send(reply.peer, schemas::encode_venue(reply.frame));
  }

  std::optional<Reply> reply_to(const wire::Received& received) {
    const auto frame = schemas::decode_venue(received.bytes);
    if (!frame)
      return Reply{received.peer,
                   {frame.error().correlation, schemas::VenueRefusal{"unreadable: " + frame.error().reason}}};
    std::int64_t rate_used_ppm = 0;
    auto answer = answer_to(received, *frame, rate_used_ppm);
    if (!answer) return std::nullopt;
    return Reply{received.peer, {frame->correlation, std::move(*answer), std::nullopt, rate_used_ppm}};
  }

  // Nothing where no answer leaves.
  std::optional<VenueMessage> answer_to(const wire::Received& received, const schemas::VenueFrame& frame,
                                        std::int64_t& rate_used_ppm) {
    const VenueMessage& message = frame.message;
    const auto peer = wire::peer_of(received.user_id);
    if (!is_request(message)) return schemas::VenueRefusal{"not_a_request: this message is an answer"};
    if (!peer || !may(peer->role, message))
      return schemas::VenueRefusal{fmt::format("not_allowed: {} may not ask this", received.user_id)};
    auto verdict = gate_.check(frame, wall_us());
    rate_used_ppm = verdict.rate_used_ppm;
    if (verdict.refusal) return std::move(*verdict.refusal);
    if (const auto* order = std::get_if<schemas::PlaceOrder>(&message))
      if (auto late = refused_by_deadline(config_.book.properties, *order, venue_us()); !late.empty())
        return schemas::VenueRefusal{std::move(late)};
    const auto struck = config_.faults.empty() ? std::nullopt : struck_by_faults(message);
    if (!struck) return handle(message);
    const auto turn = store_.count(struck->on, struck->client_id);
    if (!turn) return refusal(turn.error());
    const auto misdeed = misdeed_of(config_.faults, struck->on, *turn);
    if (!misdeed) return handle(message);
    spdlog::warn("paper venue misbehaves: {} on {} {} ({})", machines::name_of(*misdeed), machines::name_of(struck->on),
                 struck->client_id, turn->of_venue);
    return misbehave(*misdeed, message);
  }

  std::optional<VenueMessage> misbehave(Misdeed misdeed, const VenueMessage& message) {
    switch (misdeed) {
      case Misdeed::time_out:
        return std::nullopt;
      case Misdeed::reject:
        if (const auto* order = std::get_if<schemas::PlaceOrder>(&message)) return answer(store_.place(*order, true));
        return schemas::VenueRefusal{"told_to_reject"};
      case Misdeed::lose_answer:
        (void)handle(message);
        return std::nullopt;
      case Misdeed::crash_before:
        ::_exit(crash_code);
      case Misdeed::crash_after:
        (void)handle(message);
        ::_exit(crash_code);
    }
    return std::nullopt;
  }

  std::optional<VenueMessage> handle(const VenueMessage& message) {
    if (const auto* order = std::get_if<schemas::PlaceOrder>(&message)) return answer(store_.place(*order));
    if (const auto* query = std::get_if<schemas::QueryOrder>(&message)) return answer(store_.query(*query));
    if (const auto* cancel = std::get_if<schemas::CancelOrder>(&message)) return answer(store_.cancel(*cancel));
    if (const auto* bar = std::get_if<schemas::OpenBar>(&message)) return answer(store_.open_bar(*bar));
    if (const auto* key = std::get_if<schemas::KeyInfoRequest>(&message)) return gate_.key_info(*key, wall_us());
    if (const auto* trade = std::get_if<schemas::HandTrade>(&message)) return answer(store_.trade_by_hand(*trade));
    if (const auto* moved = std::get_if<schemas::HandTransfer>(&message))
      return answer(store_.transfer_by_hand(*moved));
    if (std::holds_alternative<schemas::VenueRulesRequest>(message)) return rules_of(config_.book.properties);
    return answer(store_.statement());
  }

  template <class T>
  std::optional<VenueMessage> answer(const Kept<T>& kept) {
    if (!kept) return refusal(kept.error());
    VenueMessage made(*kept);
    if (auto* report = std::get_if<schemas::OrderReport>(&made)) report->venue_us = venue_us();
    return made;
  }

  // The wall clock, never backwards: what it once called too late stays too late, and a report says so.
  std::int64_t venue_us() { return venue_us_ = std::max(venue_us_, wall_us()); }

  // A broken store says nothing to anyone: for who asked, the outcome is unknown.
  std::optional<VenueMessage> refusal(const StoreError& error) {
    if (error.failure == StoreFailure::refused) return schemas::VenueRefusal{error.text};
    spdlog::error("{}", error.text);
    broken_ = true;
    return std::nullopt;
  }

  const VenueConfig& config_;
  const std::atomic<bool>& stop_;
  Store store_;
  Gate gate_;
  wire::Context context_;
  wire::ZapServer zap_;
  wire::RouterSocket socket_;
  wire::Poller poller_;
  std::int64_t venue_us_ = 0;
  bool broken_ = false;
};

}  // namespace

std::string VenueConfig::validate() const {
  if (endpoint.empty()) return "the paper venue needs an endpoint to serve";
  if (store.empty()) return "the paper venue needs a file for its store";
  if (keys.public_key.empty() || keys.secret_key.empty()) return "the paper venue needs a CURVE key pair";
  if (peers.empty()) return "the paper venue needs the keys of those who may speak to it";
  return book.validate();
}

int serve(const VenueConfig& config, const std::atomic<bool>& stop) {
  if (const auto wrong = config.validate(); !wrong.empty()) {
    spdlog::error("{}", wrong);
    return 2;
  }
  auto store = Store::open(config.store, config.book);
  if (!store) {
    spdlog::error("{}", store.error().text);
    return 2;
  }
  return Service(config, stop, std::move(store).value()).run();
}

}  // namespace workers::venues::paper
