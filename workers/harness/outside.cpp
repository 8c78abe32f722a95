#include "workers/harness/outside.hpp"

namespace workers::harness {
namespace {

using machines::LeasedJob;
using venues::paper::SteadyTime;

handlers::Answer answer_of(const venues::paper::Finished& finished) {
  if (const auto* error = std::get_if<machines::CallError>(&finished.outcome)) return *error;
  const auto& message = std::get<schemas::VenueMessage>(finished.outcome);
  if (const auto* report = std::get_if<schemas::OrderReport>(&message)) return *report;
  return machines::CallError::unknown_outcome;
}

}  // namespace

Outside::Outside(brokers::wire::Context& context, const WorkerConfig& config)
    : venue_(context, {config.venue.endpoint, config.keys, config.venue.server_public_key,
                       std::chrono::milliseconds(config.venue.timeout_ms)}) {}

std::string Outside::closed_because(const VenueLink& venue) {
  return venue.endpoint.empty() ? "this worker calls no venue" : "";
}

void Outside::call(const LeasedJob& job, const schemas::VenueMessage& request, SteadyTime now,
                   std::optional<SteadyTime> send_by) {
  calls_.emplace(venue_.start(request, now, send_by), job);
}

std::vector<Answered> Outside::take_answers(SteadyTime now) {
  std::vector<Answered> answered;
  if (calls_.empty()) return answered;
  for (auto& finished : venue_.poll(now)) {
    const auto call = calls_.find(finished.correlation);
    if (call == calls_.end()) continue;
    answered.push_back({std::move(call->second), answer_of(finished)});
    calls_.erase(call);
  }
  return answered;
}

std::vector<machines::Token> Outside::held() const {
  std::vector<machines::Token> tokens;
  tokens.reserve(calls_.size());
  for (const auto& [correlation, job] : calls_) tokens.push_back(job.token);
  return tokens;
}

}  // namespace workers::harness
