#include "workers/harness/venue_calls.hpp"

#include <algorithm>

namespace workers::harness {
namespace {

bool writes(const schemas::VenueMessage& request) {
  return std::holds_alternative<schemas::PlaceOrder>(request) || std::holds_alternative<schemas::CancelOrder>(request);
}

handlers::Answer answer_of(const schemas::VenueMessage& message, bool was_write) {
  if (const auto* report = std::get_if<schemas::OrderReport>(&message)) return *report;
  return was_write ? machines::CallError::unknown_outcome : machines::CallError::retry_later;
}

}  // namespace

VenueCalls::VenueCalls(brokers::wire::Context& context, const VenueLink& link, const brokers::wire::CurveKeys& keys)
    : context_(context), link_(link), keys_(keys) {
  connect();
}

void VenueCalls::connect() {
  if (!link_.endpoint.empty()) socket_.emplace(context_, link_.endpoint, keys_, link_.server_public_key);
}

void VenueCalls::start(const machines::LeasedJob& job, const schemas::VenueMessage& request, std::int64_t now_us) {
  if (!socket_) {
    failed_.push_back({job, machines::CallError::fatal_auth});
    return;
  }
  const std::uint64_t correlation = next_++;
  Pending pending{job, writes(request), now_us + link_.timeout_ms * 1000, {}};
  std::string bytes = schemas::encode_venue({correlation, request});
  if (socket_->send(bytes) != brokers::wire::SendResult::sent) pending.unsent = std::move(bytes);
  calls_.emplace(correlation, std::move(pending));
}

std::vector<VenueCalls::Finished> VenueCalls::finished(std::int64_t now_us) {
  std::vector<Finished> done = std::exchange(failed_, {});
  if (!socket_) return done;
  while (const auto bytes = socket_->receive()) {
    const auto frame = schemas::decode_venue(*bytes);
    if (!frame) continue;  // unreadable: the deadline makes doubt of it
    const auto call = calls_.find(frame->correlation);
    if (call == calls_.end()) continue;
    done.push_back({call->second.job, answer_of(frame->message, call->second.writes)});
    calls_.erase(call);
  }
  bool expired = false;
  for (auto call = calls_.begin(); call != calls_.end();) {
    Pending& pending = call->second;
    if (!pending.unsent.empty() && socket_->send(pending.unsent) == brokers::wire::SendResult::sent)
      pending.unsent.clear();
    if (pending.deadline_us > now_us) {
      ++call;
      continue;
    }
    expired = true;
    done.push_back(
        {pending.job, pending.writes ? machines::CallError::unknown_outcome : machines::CallError::retry_later});
    call = calls_.erase(call);
  }
  if (expired && calls_.empty()) connect();
  return done;
}

std::int64_t VenueCalls::next_deadline_us() const {
  std::int64_t next = INT64_MAX;
  for (const auto& [correlation, pending] : calls_)
    next = std::min(next, pending.unsent.empty() ? pending.deadline_us : std::int64_t{0});
  return failed_.empty() ? next : 0;
}

std::vector<machines::Token> VenueCalls::held() const {
  std::vector<machines::Token> tokens;
  for (const auto& [correlation, pending] : calls_) tokens.push_back(pending.job.token);
  return tokens;
}

void VenueCalls::forget_all() {
  calls_.clear();
  failed_.clear();
  connect();
}

}  // namespace workers::harness
