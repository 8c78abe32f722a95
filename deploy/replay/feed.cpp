#include "deploy/replay/feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "ledger/env/times.hpp"
#include "ledger/jobs/seats.hpp"

namespace deploy {
namespace {

constexpr std::int64_t ask_again_us = 1'000'000;  // an unanswered question is asked again
constexpr std::int64_t ask_soon_us = 100'000;     // where a shard was changing hands
constexpr std::int64_t find_brokers_us = 1'000'000;
constexpr std::int64_t fresh_socket_us = 4'000'000;

using ledger::env::steady_us;

}  // namespace

// After a restart the world time that had been released before is released again: what was left open in it is finished
// first.
Feed::Feed(brokers::wire::Context& context, FeedLinks links, std::string symbol,
           const std::vector<workers::market::Bar>& bars, machines::Instant played_to, const std::string& dsn)
    : context_(context),
      links_(std::move(links)),
      symbol_(std::move(symbol)),
      plan_(bars, played_to),
      connection_(dsn) {
  for (const BrokerAddress& address : links_.brokers) brokers_.push_back({address, std::nullopt, 0, false});
  began();
}

void Feed::began() {
  asked_us_ = 0;
  barrier_.clear();
  fresh_us_ = steady_us();
}

void Feed::ask() {
  if (!venue_) venue_.emplace(context_, links_.venue_endpoint, links_.keys, links_.venue_key);
  if (!look_up()) {  // asked again
    asked_us_ = steady_us();
    return;
  }
  if (done()) return;
  const auto result = send_question();
  const std::int64_t now = steady_us();
  asked_us_ = result == brokers::wire::SendResult::sent ? now : now - ask_again_us + 2'000;
  if (std::exchange(soon_, false)) ask_again_in(ask_soon_us / 2);
}

// An order that rests at the last bar is cancelled and its hold voided; so is one that was placed meanwhile.
bool Feed::look_up() {
  while (true) {
    const Phase phase = plan_.phase();
    if (phase == Phase::act || phase == Phase::look_again) {
      if (!find_live_orders()) return false;
      if (phase == Phase::act)
        plan_.acted();
      else
        plan_.found(!resting_.empty());
    } else if (phase == Phase::cancel && resting_.empty()) {
      plan_.all_cancelled();
    } else {
      return true;
    }
    began();
  }
}

brokers::wire::SendResult Feed::send_question() {
  switch (plan_.phase()) {
    case Phase::open_venue: {
      const workers::market::Bar& bar = plan_.bars()[plan_.bar()];
      return venue_->send(schemas::encode_venue({++correlation_, schemas::OpenBar{symbol_, bar.opens_at, bar.open}}));
    }
    case Phase::cancel:
      return tell_one_broker(schemas::Submit{{1}, resting_.back(), "cancel", plan_.goal()});
    default:
      return tell_brokers(schemas::Release{plan_.goal(), plan_.ahead()});
  }
}

// Sent where at least one broker took it: those that are away may hold nothing, and are asked again with the others;
// soon, while they may just be connecting.
brokers::wire::SendResult Feed::tell_brokers(const schemas::Message& message) {
  const std::string bytes = schemas::encode(message);
  auto result = brokers::wire::SendResult::would_block;
  bool connecting = false;
  for (Line& line : brokers_)
    if (line.socket->send(bytes) == brokers::wire::SendResult::sent)
      result = brokers::wire::SendResult::sent;
    else
      connecting = connecting || steady_us() - line.heard_us < ask_again_us;
  soon_ = connecting;
  return result;
}

brokers::wire::SendResult Feed::tell_one_broker(const schemas::Message& message) {
  if (brokers_.empty()) return brokers::wire::SendResult::would_block;
  submits_to_ = (submits_to_ + 1) % brokers_.size();
  return brokers_[submits_to_].socket->send(schemas::encode(message));
}

// A broker that says nothing for long perhaps came back under a new socket.
void Feed::refresh_lines() {
  const std::int64_t now = steady_us();
  for (Line& line : brokers_) {
    if (line.socket && now - line.heard_us <= fresh_socket_us) continue;
    line.socket.emplace(context_, line.address.endpoint, links_.keys, line.address.public_key);
    line.heard_us = now;
    ask_again_in(2'000);
  }
}

// Brokers elsewhere make themselves known by their seats.
void Feed::find_brokers() {
  const std::int64_t now = steady_us();
  if (now - found_us_ < find_brokers_us) return;
  found_us_ = now;
  const auto seats = ledger::jobs::Seats(connection_).all();
  if (!seats) return connection_.disconnect();
  const auto sits = [&](const Line& line) {
    return std::any_of(seats->begin(), seats->end(),
                       [&](const auto& seat) { return seat.lease_ms > 0 && seat.endpoint == line.address.endpoint; });
  };
  std::erase_if(brokers_, [&](const Line& line) { return line.found && !sits(line); });
  for (const auto& seat : *seats) {
    const auto is_known = [&](const Line& line) { return line.address.endpoint == seat.endpoint; };
    if (seat.lease_ms > 0 && std::none_of(brokers_.begin(), brokers_.end(), is_known))
      brokers_.push_back({{seat.endpoint, seat.public_key}, std::nullopt, 0, true});
  }
}

void Feed::ask_again_in(std::int64_t us) { asked_us_ = std::min(asked_us_, steady_us() - ask_again_us + us); }

void Feed::step(std::int64_t at_most_ms) {
  if (done() || !stalled_.empty()) return;
  find_brokers();
  refresh_lines();
  if (steady_us() - asked_us_ >= ask_again_us) ask();
  if (steady_us() - fresh_us_ > fresh_socket_us) {  // nobody answers: the venue too may have a new socket
    venue_.reset();
    asked_us_ = 0;  // the next step makes a new one and asks by it
    fresh_us_ = steady_us();
    return;
  }
  if (done()) return;
  poller_.clear();
  for (Line& line : brokers_) poller_.add(*line.socket);
  poller_.add(*venue_);
  const std::int64_t until_ask_ms = std::max<std::int64_t>((asked_us_ + ask_again_us - steady_us()) / 1000, 1);
  poller_.wait(std::chrono::milliseconds(std::min(at_most_ms, until_ask_ms)));
  for (Line& line : brokers_)
    while (const auto bytes = line.socket->receive()) {
      line.heard_us = steady_us();
      if (const auto message = schemas::decode(*bytes)) take_broker(line.address.endpoint, *message);
    }
  while (venue_) {
    const auto bytes = venue_->receive();
    if (!bytes) break;
    if (const auto frame = schemas::decode_venue(*bytes)) take_venue(*frame);
  }
}

void Feed::take_broker(const std::string& broker, const schemas::Message& message) {
  fresh_us_ = steady_us();
  const auto* refused = std::get_if<schemas::Refused>(&message);
  if (refused != nullptr && refused->retry_after_ms > 0)
    asked_us_ = steady_us() - ask_again_us + refused->retry_after_ms * 1'000;
  if (const auto* answer = std::get_if<schemas::Released>(&message)) {
    if (answer->world_at < plan_.goal()) return;
    if (const auto together = barrier_.take(broker, *answer)) return released(*together);
    if (barrier_.is_incomplete(brokers_.size())) {
      barrier_.clear();
      ask_again_in(ask_soon_us);
    }
  }
  const auto* submitted = std::get_if<schemas::Submitted>(&message);
  if (submitted == nullptr || plan_.phase() != Phase::cancel || resting_.empty() ||
      submitted->instance != resting_.back())
    return;
  // Not accepted because it has ended meanwhile is as good.
  if (submitted->answer != schemas::SubmitAnswer::not_taken) resting_.pop_back();
  began();
  ask();
}

void Feed::take_venue(const schemas::VenueFrame& frame) {
  fresh_us_ = steady_us();
  const auto* taken = std::get_if<schemas::BarTaken>(&frame.message);
  if (plan_.phase() != Phase::open_venue || taken == nullptr || taken->opens_at != plan_.goal()) return;
  plan_.venue_took_open();
  began();
  ask();
}

void Feed::released(const schemas::Released& released) {
  if (!plan_.releases() || released.world_at < plan_.goal()) return;
  if (released.stalled) {
    stalled_ =
        fmt::format("job {}.{}.{} of owner {} is parked: {}", released.parked.instance.value, released.parked.version,
                    released.parked.ordinal, released.parked.owner.value, released.reason);
    return;
  }
  if (!plan_.released(released.world_at, released.next_due)) return;
  began();
  ask();
}

bool Feed::find_live_orders() {
  const auto live = ledger::books::Books(connection_).instances(true, 1000);
  if (!live) {
    connection_.disconnect();
    return false;
  }
  resting_.clear();
  for (const auto& instance : *live)
    if (instance.kind == "order") resting_.push_back(instance.id);
  return true;
}

}  // namespace deploy
