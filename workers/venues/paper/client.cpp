#include "workers/venues/paper/client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "workers/venues/paper/keys.hpp"

namespace workers::venues::paper {
namespace {

using machines::CallError;
using schemas::VenueMessage;
using std::chrono::milliseconds;

constexpr milliseconds resend_every{5};  // while the venue can't be reached
constexpr milliseconds idle_wait{1000};

bool is_place(const VenueMessage& message) { return std::holds_alternative<schemas::PlaceOrder>(message); }
bool is_write(const VenueMessage& message) {
  return is_place(message) || std::holds_alternative<schemas::CancelOrder>(message);
}
bool is_by_hand(const VenueMessage& message) {
  return std::holds_alternative<schemas::HandTrade>(message) || std::holds_alternative<schemas::HandTransfer>(message);
}
bool may_repeat(const VenueMessage& message) {
  return std::holds_alternative<schemas::OpenBar>(message) || std::holds_alternative<schemas::QueryOrder>(message) ||
         std::holds_alternative<schemas::StatementRequest>(message) || is_by_hand(message) ||
         std::holds_alternative<schemas::KeyInfoRequest>(message) ||
         std::holds_alternative<schemas::VenueRulesRequest>(message);
}
bool answers(const VenueMessage& request, const VenueMessage& answer) {
  if (std::holds_alternative<schemas::OpenBar>(request)) return std::holds_alternative<schemas::BarTaken>(answer);
  if (std::holds_alternative<schemas::StatementRequest>(request) || is_by_hand(request))
    return std::holds_alternative<schemas::Statement>(answer);
  if (std::holds_alternative<schemas::KeyInfoRequest>(request)) return std::holds_alternative<schemas::KeyInfo>(answer);
  if (std::holds_alternative<schemas::VenueRulesRequest>(request))
    return std::holds_alternative<schemas::VenueRules>(answer);
  return std::holds_alternative<schemas::OrderReport>(answer);
}

// Without a readable answer nobody knows what a write did.
CallError lost(const VenueMessage& request) {
  return is_write(request) ? CallError::unknown_outcome : CallError::retry_later;
}

// A refused look or cancel says nothing about the order: it is asked again.
CallError refused(const VenueMessage& request, const schemas::VenueRefusal& refusal) {
  const std::string& reason = refusal.reason;
  if (refusal.retry_after_ms > 0) return CallError::retry_later;
  if (reason.rfind("not_allowed", 0) == 0 || is_bad_key(reason)) return CallError::fatal_auth;
  if (is_place(request) && reason.starts_with("deadline_")) return CallError::unknown_outcome;
  const bool is_about_an_order =
      std::holds_alternative<schemas::QueryOrder>(request) || std::holds_alternative<schemas::CancelOrder>(request);
  return is_about_an_order ? CallError::retry_later : CallError::rejected;
}

milliseconds until(SteadyTime then, SteadyTime now) {
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(then - now));
}

}  // namespace

std::string VenueClientConfig::validate() const {
  if (endpoint.empty()) return "the venue's endpoint is missing";
  if (keys.public_key.empty() || venue_public_key.empty()) return "the venue's client needs its keys and the venue's";
  if (deadline <= milliseconds(0)) return "the deadline of a venue request must be positive";
  return {};
}

VenueClient::VenueClient(brokers::wire::Context& context, VenueClientConfig config)
    : context_(context), config_(std::move(config)) {
  freshen();
}

void VenueClient::freshen() {
  lines_.push_back({++last_line_, {context_, config_.endpoint, config_.keys, config_.venue_public_key}});
}

std::uint64_t VenueClient::start(const VenueMessage& request, SteadyTime now, std::optional<SteadyTime> send_by,
                                 const Sign& sign) {
  CHECK(is_write(request) || may_repeat(request));
  const std::uint64_t correlation = ++last_correlation_;
  const SteadyTime deadline = now + config_.deadline;
  schemas::VenueFrame frame{correlation, request};
  if (sign) frame.signature = sign(correlation);
  pending_[correlation] = {request, schemas::encode_venue(frame), deadline,
                           std::min(deadline, send_by.value_or(deadline)), 0};
  send_waiting(now);
  return correlation;
}

// In the order of their start.
void VenueClient::send_waiting(SteadyTime now) {
  for (auto& [correlation, pending] : pending_) {
    if (pending.bytes.empty() || now >= pending.send_by) continue;
    if (lines_.back().socket.send(pending.bytes) != brokers::wire::SendResult::sent) return;
    pending.bytes.clear();
    pending.line = lines_.back().number;
  }
}

std::vector<Finished> VenueClient::poll(SteadyTime now) {
  std::vector<Finished> finished;
  receive(finished);
  expire(now, finished);
  send_waiting(now);
  drop_idle_lines();
  return finished;
}

void VenueClient::receive(std::vector<Finished>& finished) {
  for (Line& line : lines_)
    while (const auto bytes = line.socket.receive()) take(*bytes, finished);
}

void VenueClient::take(const std::string& bytes, std::vector<Finished>& finished) {
  const auto frame = schemas::decode_venue(bytes);
  const std::uint64_t correlation = frame ? frame->correlation : frame.error().correlation;
  const auto found = pending_.find(correlation);
  if (found == pending_.end()) return;  // late: its request has expired
  const VenueMessage& request = found->second.request;
  if (!frame)
    finished.push_back({correlation, lost(request), "unreadable answer: " + frame.error().reason});
  else if (const auto* refusal = std::get_if<schemas::VenueRefusal>(&frame->message))
    finished.push_back({correlation, refused(request, *refusal), refusal->reason, true, refusal->retry_after_ms,
                        frame->rate_used_ppm});
  else if (!answers(request, frame->message))
    finished.push_back({correlation, lost(request), "an answer to another kind of request"});
  else
    finished.push_back({correlation, frame->message, "", false, 0, frame->rate_used_ppm});
  pending_.erase(found);
}

void VenueClient::expire(SteadyTime now, std::vector<Finished>& finished) {
  bool silent = false;
  for (auto it = pending_.begin(); it != pending_.end();) {
    const auto& [correlation, pending] = *it;
    const bool has_left = pending.bytes.empty();
    if (now < (has_left ? pending.deadline : pending.send_by)) {
      ++it;
      continue;
    }
    silent = silent || pending.line == lines_.back().number;
    if (has_left)
      finished.push_back({correlation, lost(pending.request), "no answer in time"});
    else
      finished.push_back({correlation, CallError::retry_later, "the venue could not be reached; nothing was sent"});
    it = pending_.erase(it);
  }
  if (silent) freshen();
}

void VenueClient::drop_idle_lines() {
  const std::uint64_t newest = lines_.back().number;
  std::erase_if(lines_, [&](const Line& line) {
    const auto uses = [&](const auto& entry) { return entry.second.line == line.number; };
    return line.number != newest && std::none_of(pending_.begin(), pending_.end(), uses);
  });
}

void VenueClient::forget_all() {
  pending_.clear();
  lines_.clear();
  freshen();
}

void VenueClient::add_to(brokers::wire::Poller& poller) {
  for (Line& line : lines_) poller.add(line.socket);
}

milliseconds VenueClient::wait_at_most(SteadyTime now) const {
  milliseconds wait = idle_wait;
  for (const auto& [correlation, pending] : pending_) {
    const bool has_left = pending.bytes.empty();
    wait = std::min(wait, until(has_left ? pending.deadline : pending.send_by, now));
    if (!has_left) wait = std::min(wait, resend_every);
  }
  return wait;
}

machines::Result<VenueMessage, AskError> ask(VenueClient& client, const VenueMessage& request, milliseconds timeout,
                                             const std::atomic<bool>& stop) {
  CHECK(may_repeat(request) && client.in_flight() == 0);
  constexpr milliseconds look_at_stop{50};
  using Clock = std::chrono::steady_clock;
  const SteadyTime end = Clock::now() + timeout;
  std::string last = "the venue could not be reached";
  std::uint64_t asked = client.start(request, Clock::now());
  while (!stop && Clock::now() < end) {
    brokers::wire::Poller poller;
    client.add_to(poller);
    poller.wait(std::min(client.wait_at_most(Clock::now()), look_at_stop));
    for (Finished& finished : client.poll(Clock::now())) {
      if (finished.correlation != asked) continue;
      if (auto* answer = std::get_if<VenueMessage>(&finished.outcome)) return std::move(*answer);
      last = finished.text;
      const CallError error = std::get<CallError>(finished.outcome);
      if (error != CallError::retry_later) return machines::fail(AskError{error, last});
      asked = client.start(request, Clock::now());
    }
  }
  client.forget_all();
  return machines::fail(AskError{CallError::retry_later, stop ? std::string("stopped") : last});
}

machines::Result<schemas::BarTaken, AskError> take_bar(VenueClient& client, const schemas::OpenBar& bar,
                                                       milliseconds timeout, const std::atomic<bool>& stop) {
  const auto answer = ask(client, bar, timeout, stop);
  if (!answer) return machines::fail(answer.error());
  return std::get<schemas::BarTaken>(*answer);
}

}  // namespace workers::venues::paper
