// workers/harness/rules_check.hpp: RulesCheck, a worker's configuration held against what its venue says of itself: by
// which rules it deals. Until the venue has answered no call is made; a worker that counts on more than the venue
// promises makes none at all, and ends. Never blocks. One thread, the worker's. No throw.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "workers/handlers/handler.hpp"
#include "workers/harness/harness.hpp"
#include "workers/venues/paper/client.hpp"

namespace workers::harness {

class RulesCheck {
 public:
  using SteadyTime = venues::paper::SteadyTime;
  // REQUIRES: both outlive it. Over from the start where `config` names no venue.
  RulesCheck(brokers::wire::Context& context, const WorkerConfig& config);

  // Asks, and asks again as long as the venue is silent.
  void step(SteadyTime now);
  // Why no call may be made now, and for how long: the venue has not answered, or objection(). Nothing where one may.
  [[nodiscard]] std::optional<handlers::GiveUp> closed(SteadyTime now) const;
  // What the configuration claims beyond what the venue promises, and what to do; "" where nothing, or not known yet.
  [[nodiscard]] const std::string& objection() const { return objection_; }
  [[nodiscard]] bool is_over() const { return !client_; }

  // For the owner's poll loop. REQUIRES: !is_over().
  void add_to(brokers::wire::Poller& poller) { client_->add_to(poller); }
  [[nodiscard]] std::chrono::milliseconds wait_at_most(SteadyTime now) const { return client_->wait_at_most(now); }

 private:
  void hear(const schemas::VenueRules& rules);

  const WorkerConfig& config_;
  std::optional<venues::paper::VenueClient> client_;  // nothing once the venue has answered
  SteadyTime begun_;
  std::string objection_;
};

}  // namespace workers::harness
