#include "workers/harness/rules_check.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace workers::harness {

using std::chrono::milliseconds;

constexpr milliseconds wait_at_least{20}, most_wait{1'000};

RulesCheck::RulesCheck(brokers::wire::Context& context, const WorkerConfig& config)
    : config_(config), begun_(std::chrono::steady_clock::now()) {
  if (config.venue.endpoint.empty()) return;
  client_.emplace(context,
                  venues::paper::VenueClientConfig{config.venue.endpoint, config.keys, config.venue.server_public_key,
                                                   milliseconds(config.venue.timeout_ms)});
}

void RulesCheck::step(SteadyTime now) {
  if (!client_) return;
  for (const venues::paper::Finished& finished : client_->poll(now)) {
    if (const auto* message = std::get_if<schemas::VenueMessage>(&finished.outcome))
      return hear(std::get<schemas::VenueRules>(*message));
    spdlog::warn("the venue has not said by which rules it deals: {}", finished.text);
  }
  if (client_->in_flight() == 0) client_->start(schemas::VenueRulesRequest{}, now);
}

void RulesCheck::hear(const schemas::VenueRules& rules) {
  using Ids = venues::VenueProperties::Ids;
  const venues::VenueProperties promised{rules.ids_for_ever ? Ids::for_ever : Ids::among_open, rules.tombstones,
                                         rules.request_life_ms, rules.enforces_deadline, rules.settle_ms};
  client_.reset();
  const std::string claim = config_.venue.properties.claims_beyond(promised);
  if (claim.empty()) return;
  objection_ = fmt::format("venue.{}: nothing is sent. Write the venue's own value, and start the worker again", claim);
}

std::optional<handlers::GiveUp> RulesCheck::closed(SteadyTime now) const {
  using machines::CallError;
  if (!objection_.empty()) return handlers::GiveUp{CallError::retry_later, most_wait.count(), objection_, false, true};
  if (!client_) return std::nullopt;
  const auto waited = std::chrono::duration_cast<milliseconds>(now - begun_);
  return handlers::GiveUp{CallError::retry_later,
                          std::clamp(waited / 2, wait_at_least, most_wait).count(),
                          "waits for the venue to say by which rules it deals",
                          false,
                          true,
                          machines::GiveUpCode::waits_for_venue};
}

}  // namespace workers::harness
