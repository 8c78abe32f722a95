#include "workers/harness/venue_calls.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace workers::harness {
namespace {

using handlers::GiveUp;
using machines::CallError;
using machines::GiveUpCode;
using machines::LeasedJob;
using std::chrono::milliseconds;
using venues::paper::Finished;
using venues::paper::KeyTrouble;

constexpr ledger::SqlStatement may_send_statement = {"may_send", "SELECT ledger.may_send($1, $2)", false};

handlers::Answer answer_of(const Finished& finished) {
  if (const auto* error = std::get_if<CallError>(&finished.outcome)) return *error;
  const auto& message = std::get<schemas::VenueMessage>(finished.outcome);
  if (const auto* report = std::get_if<schemas::OrderReport>(&message)) return *report;
  return CallError::unknown_outcome;
}

}  // namespace

VenueCalls::VenueCalls(brokers::wire::Context& context, ledger::Connection& connection, const WorkerConfig& config)
    : config_(config),
      connection_(connection),
      signer_(connection, config.venue),
      venue_(context, {config.venue.endpoint, config.keys, config.venue.server_public_key,
                       milliseconds(config.venue.timeout_ms)}) {}

std::optional<GiveUp> VenueCalls::closed(SteadyTime now) {
  if (config_.venue.endpoint.empty()) return GiveUp{CallError::fatal_auth, 0, "this worker calls no venue", true};
  std::string why = signer_.closed(now);
  if (why.empty()) return std::nullopt;
  return GiveUp{CallError::fatal_auth,    signer_.closed_for_ms(now), std::move(why), false, false,
                GiveUpCode::waits_for_key};
}

void VenueCalls::call(const LeasedJob& job, const schemas::VenueMessage& request, SteadyTime now,
                      std::optional<SteadyTime> send_by) {
  start({job, request, send_by, send_by.value_or(now + milliseconds(config_.venue.timeout_ms)), now}, now);
}

// Whether what is in force lets this order leave, asked of PostgreSQL; not where nobody can say. Asking and cancelling
// go on under a freeze.
bool VenueCalls::may_leave(const Call& call) {
  if (!call.is_late || !std::holds_alternative<schemas::PlaceOrder>(call.request)) return true;
  const auto [owner, order] = std::pair(std::int64_t{call.job.key.owner.value}, call.job.key.instance.value);
  const auto rows = connection_.call(may_send_statement, ledger::Parameters().add(owner).add(order));
  if (!rows) spdlog::warn("whether order {} may still leave is not known: {}", order, rows.error().text);
  return rows && !rows->empty() && rows->text(0, 0) == "t";
}

// The signer may have waited for PostgreSQL: whether it is too late is asked of the clock, when the request is about to
// leave.
void VenueCalls::start(Call call, SteadyTime now) {
  call.key.reset();
  venues::paper::Sign sign;
  if (signer_.signs(now)) {
    call.key = signer_.choose_to_sign(call.tried, now);
    if (!call.key) {
      const auto free_at = signer_.free_at(call.tried, now);
      if (!free_at || *free_at >= call.latest) return give_up(std::move(call), now);
      call.is_late = true;
      return (void)waiting_.emplace_back(*free_at, std::move(call));
    }
    sign = signer_.sign_with(*call.key, call.request);
  }
  // It stands as sent, so its machine takes it for doubt and asks the venue.
  if (!may_leave(call)) {
    spdlog::warn("order {} was not sent: a freeze or a pause came first", call.job.key.instance.value);
    return ended_.push_back({std::move(call.job), CallError::unknown_outcome});
  }
  call.started = std::max(now, std::chrono::steady_clock::now());
  const std::uint64_t correlation = venue_.start(call.request, call.started, call.send_by, sign);
  calls_.emplace(correlation, std::move(call));
}

// Nothing of it was taken. An order that stands as sent is asked about by the next attempt, and then sent again.
void VenueCalls::give_up(Call call, SteadyTime now) {
  auto closed = this->closed(now);
  if (!closed && signer_.free_at({}, now))
    closed = GiveUp{CallError::retry_later, 1'000, "over its keys' rates", false};
  ended_.push_back({std::move(call.job), closed.value_or(GiveUp{CallError::fatal_auth, signer_.closed_for_ms(now),
                                                                "waits for an API key: " + call.refusal, false, false,
                                                                GiveUpCode::waits_for_key})});
}

void VenueCalls::report(const Call& call, const Finished& finished, SteadyTime now) {
  const bool was_answered = finished.refused || std::holds_alternative<schemas::VenueMessage>(finished.outcome);
  if (!call.key || !was_answered) return;
  const auto latency = std::chrono::duration_cast<milliseconds>(now - call.started).count();
  signer_.saw(*call.key, {venues::paper::trouble_of(finished.text), latency, finished.rate_used_ppm}, now);
}

void VenueCalls::finish(Call call, const Finished& finished, SteadyTime now) {
  report(call, finished, now);
  const auto trouble = finished.refused ? venues::paper::trouble_of(finished.text) : std::nullopt;
  const bool is_over_rate = call.key && finished.refused && finished.retry_after_ms > 0;
  if (!trouble && !is_over_rate) return ended_.push_back({std::move(call.job), answer_of(finished)});
  call.refusal = finished.text;
  if (is_over_rate) {
    signer_.rest(*call.key, now + milliseconds(finished.retry_after_ms));
  } else {
    spdlog::warn("the venue took nothing: {}", finished.text);
    if (call.key) call.tried.insert(*call.key);
    if (!call.key && *trouble == KeyTrouble::unsigned_request) signer_.saw_unsigned_refused(now);
    // Without a key of ours the same would be refused again.
    if (!call.key && !signer_.signs(now)) return give_up(std::move(call), now);
  }
  if (now >= call.latest) return give_up(std::move(call), now);
  call.is_late = true;
  start(std::move(call), now);
}

std::vector<Ended> VenueCalls::take_ended(SteadyTime now) {
  auto due = std::exchange(waiting_, {});
  for (auto& [when, call] : due) {
    if (when > now)
      waiting_.emplace_back(when, std::move(call));
    else
      start(std::move(call), now);
  }
  if (!calls_.empty())
    for (const Finished& finished : venue_.poll(now)) {
      const auto found = calls_.find(finished.correlation);
      if (found == calls_.end()) continue;
      Call call = std::move(found->second);
      calls_.erase(found);
      finish(std::move(call), finished, now);
    }
  return std::exchange(ended_, {});
}

std::vector<machines::Token> VenueCalls::held() const {
  std::vector<machines::Token> tokens;
  for (const auto& [correlation, call] : calls_) tokens.push_back(call.job.token);
  for (const auto& [when, call] : waiting_) tokens.push_back(call.job.token);
  for (const Ended& ended : ended_) tokens.push_back(ended.job.token);
  return tokens;
}

milliseconds VenueCalls::wait_at_most(SteadyTime now) const {
  if (!ended_.empty()) return milliseconds(0);
  milliseconds wait = venue_.wait_at_most(now);
  for (const auto& [when, call] : waiting_)
    wait = std::min(wait, std::max(milliseconds(0), std::chrono::ceil<milliseconds>(when - now)));
  return wait;
}

}  // namespace workers::harness
