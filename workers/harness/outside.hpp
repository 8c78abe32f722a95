// workers/harness/outside.hpp: Outside, a worker's calls to its venue: which job waits for which answer. Never blocks;
// one thread, the worker's. No throw.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "machines/core/job.hpp"
#include "workers/handlers/handler.hpp"
#include "workers/harness/harness.hpp"
#include "workers/venues/paper/client.hpp"

namespace workers::harness {

// What a call came to, with the job that it was made for.
struct Answered {
  machines::LeasedJob job;
  handlers::Answer answer;
};

class Outside {
 public:
  // REQUIRES: both outlive it.
  Outside(brokers::wire::Context& context, const WorkerConfig& config);

  // Why no call can be made at all; empty when calls can.
  [[nodiscard]] static std::string closed_because(const VenueLink& venue);
  // A write must leave before `send_by`, or never. REQUIRES: closed_because() says nothing.
  void call(const machines::LeasedJob& job, const schemas::VenueMessage& request, venues::paper::SteadyTime now,
            std::optional<venues::paper::SteadyTime> send_by = std::nullopt);
  // What the venue said, or did not say in time, each call once.
  std::vector<Answered> take_answers(venues::paper::SteadyTime now);

  [[nodiscard]] bool is_idle() const { return calls_.empty(); }
  [[nodiscard]] std::vector<machines::Token> held() const;  // leases whose calls are in flight
  // For the owner's poll loop, as the venue's client has them; nothing to wait for while idle.
  void add_to(brokers::wire::Poller& poller) { venue_.add_to(poller); }
  [[nodiscard]] std::chrono::milliseconds wait_at_most(venues::paper::SteadyTime now) const {
    return venue_.wait_at_most(now);
  }

 private:
  venues::paper::VenueClient venue_;
  std::map<std::uint64_t, machines::LeasedJob> calls_;  // in flight at the venue, by correlation
};

}  // namespace workers::harness
