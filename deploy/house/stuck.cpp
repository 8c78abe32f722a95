#include "deploy/house/stuck.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "machines/core/job.hpp"
#include "machines/core/names.hpp"

namespace deploy {

using ledger::jobs::Untaken;
using machines::GiveUpCode;

std::string why_untaken(const Untaken& jobs, const std::vector<schemas::BrokerView>& brokers) {
  if (brokers.empty()) return "no broker answers";
  for (const auto& broker : brokers)
    if (!broker.waits_for.empty()) return fmt::format("{} waits for PostgreSQL: {}", broker.broker, broker.waits_for);
  if (std::all_of(brokers.begin(), brokers.end(), [](const auto& broker) { return broker.workers.empty(); }))
    return "no worker is registered";
  const auto code = machines::from_name<GiveUpCode>(jobs.error_class);
  if (code == GiveUpCode::no_worker_knows) return fmt::format("no worker does {} of {}", jobs.command, jobs.kind);
  if (code && is_wait(*code)) return "it " + jobs.last_error;
  if (std::all_of(brokers.begin(), brokers.end(), [&](const auto& broker) { return broker.world_now < jobs.world_at; }))
    return "no broker was told that its world time has come";
  for (const auto& broker : brokers)
    for (const auto& limit : broker.limits)
      if (limit.waiting > 0) return fmt::format("perhaps the limit {} ({})", limit.name, limit.cap);
  return jobs.last_error.empty() ? "not known: see the broker's log" : "last error: " + jobs.last_error;
}

ledger::Stored<std::vector<StuckWork>> stuck_now(ledger::Connection& connection,
                                                 const std::vector<schemas::BrokerView>& brokers,
                                                 std::int64_t longer_than_s) {
  machines::Instant come{0};
  std::int64_t come_ms = 0;
  for (const auto& broker : brokers) {
    if (broker.world_now <= come) continue;
    come = broker.world_now;
    come_ms = broker.world_ms;
  }
  auto untaken = ledger::jobs::JobAdmin(connection).untaken(come, come_ms, longer_than_s);
  if (!untaken) return machines::fail(untaken.error());
  std::vector<StuckWork> stuck;
  for (Untaken& jobs : *untaken) {
    std::string reason = why_untaken(jobs, brokers);
    stuck.push_back({std::move(jobs), std::move(reason)});
  }
  return stuck;
}

std::string in_one_line(const StuckWork& stuck) {
  const Untaken& jobs = stuck.jobs;
  return fmt::format("{} job{} of {} ({}) {} ready, and nobody has taken the oldest for {} s: {}", jobs.count,
                     jobs.count == 1 ? "" : "s", jobs.kind, jobs.command, jobs.count == 1 ? "is" : "are", jobs.oldest_s,
                     stuck.reason);
}

}  // namespace deploy
