#include "deploy/operations/jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "brokers/service/retry_rules.hpp"
#include "ledger/env/times.hpp"
#include "ledger/journal/epochs.hpp"
#include "workers/handlers/cancellation.hpp"

namespace deploy::operations {

using brokers::service::retry_rules;
using ledger::env::utc;
using workers::handlers::advice;
using workers::handlers::cancelled;

namespace {

using ledger::jobs::JobAdmin;
using machines::JobKey;

constexpr std::int64_t most_at_once = 100'000;  // jobs that one order may name
constexpr std::size_t slice = 1'000;            // jobs per transaction

// Why the order can't be meant; empty when it can.
std::string usage_problem(const JobArgs& args) {
  const auto& f = args.filter;
  const bool filters = !f.state.empty() || !f.kind.empty() || !f.command.empty() || !f.owner.empty() ||
                       f.instance != 0 || !f.reason.empty() || !args.older_than.empty();
  if (args.id.empty() && !filters)
    return "name a job by its id, or a filter such as --state parked; `bursar job list` shows them";
  if (!args.id.empty() && filters) return "give an id or a filter, not both";
  if (!args.id.empty() && !job_key_of(args.id))
    return fmt::format("`{}` is no id of a job; they look like 1/42/7/0", args.id);
  if (!args.older_than.empty() && !seconds_of(args.older_than))
    return fmt::format("`{}` is no age; write 90s, 15m, 1h or 2d", args.older_than);
  return {};
}

ledger::jobs::Filter filter_of(const JobArgs& args) {
  ledger::jobs::Filter filter = args.filter;
  filter.older_than_s = seconds_of(args.older_than).value_or(0);
  return filter;
}

std::string rule_text(const std::string& error_class, const schemas::config::BrokerConfig& config) {
  const auto wait = machines::from_name<machines::GiveUpCode>(error_class);
  if (wait && machines::is_wait(*wait)) return "it waits, and no try is counted meanwhile";
  const auto error = machines::from_name<machines::CallError>(error_class);
  if (!error) return "";
  const auto rule = retry_rules(config).of(*error);
  return fmt::format("after {}: {} ms, times {} each try, at most {} ms, and up to {} % of it; {} tries, then {}",
                     error_class, rule.first_ms, rule.factor, rule.longest_ms, rule.jitter_ppm / 10'000,
                     rule.most_tries, machines::name_of(rule.then));
}

std::string next_try_text(const JobView& job) {
  if (job.state == "parked") return "when a person orders it: `bursar job retry " + text_of(job.key) + " --why TEXT`";
  if (job.state == "held") return "after `bursar resume`; `bursar controls` says who paused it and why";
  if (job.state == "delayed") return fmt::format("in {:.1f} s", static_cast<double>(job.wait_ms) / 1e3);
  if (job.state == "timer") return "at world time " + utc(job.world_at);
  return job.state == "leased" ? "it runs now" : "as soon as a worker has room";
}

// Retry or park: slice by slice, each all of one owner, each recorded.
Outcome<JobsOrdered> intervene(const LedgerPlace& place, const Asker& who, JobOrder order,
                               const std::vector<JobView>& jobs, const std::string& why) {
  ledger::Connection connection(place.dsn);
  JobAdmin admin(connection);
  std::map<machines::OwnerId, std::vector<JobKey>> by_owner;
  for (const JobView& job : jobs) by_owner[job.key.owner].push_back(job.key);
  JobsOrdered made;
  for (const auto& [owner, keys] : by_owner)
    for (std::size_t from = 0; from < keys.size(); from += slice) {
      const auto part = std::span(keys).subspan(from, std::min(slice, keys.size() - from));
      const auto done = order == JobOrder::retry ? admin.retry(part, who.name, why) : admin.park(part, who.name, why);
      if (!done) return store_failure(place, done.error());
      made.changed += done->changed;
      if (done->changed > 0) made.machines.push_back(done->machine.value);
    }
  const auto left = static_cast<std::int64_t>(jobs.size()) - made.changed;
  if (left > 0) made.refused["in flight, gone, or so already; see `bursar job list`"] = left;
  return made;
}

Outcome<JobsOrdered> cancel(const LedgerPlace& place, const Asker& who, const std::vector<JobView>& jobs,
                            const std::string& why) {
  ledger::Connection connection(place.dsn);
  JobAdmin admin(connection);
  JobsOrdered made;
  for (const JobView& job : jobs) {
    const auto event = cancelled(job.kind, job.command, job.is_event, job.instance_state);
    if (!event) {
      ++made.refused[fmt::format("{}: {}", machines::name_of(event.error()), advice(event.error()))];
      continue;
    }
    const auto done = admin.cancel(job.key, job.instance_state, std::string(*event), who.name, why);
    if (!done) return store_failure(place, done.error());
    if (done->empty())
      ++made.changed;
    else
      ++made.refused[*done];
  }
  return made;
}

}  // namespace

std::string text_of(const JobKey& key) {
  return fmt::format("{}/{}/{}/{}", key.owner.value, key.instance.value, key.version, key.ordinal);
}

std::optional<JobKey> job_key_of(const std::string& text) {
  std::array<std::int64_t, 4> parts{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t n = 0; n < parts.size(); ++n) {
    if (n > 0 && (at == end || *at++ != '/')) return std::nullopt;
    const auto [next, error] = std::from_chars(at, end, parts[n]);
    if (error != std::errc{} || parts[n] < 0) return std::nullopt;
    at = next;
  }
  if (at != end || parts[0] > INT32_MAX || parts[3] > INT32_MAX) return std::nullopt;
  return JobKey{{static_cast<std::int32_t>(parts[0])}, {parts[1]}, parts[2], static_cast<std::int32_t>(parts[3])};
}

std::optional<std::int64_t> seconds_of(const std::string& age) {
  std::int64_t number = 0;
  const auto [unit, error] = std::from_chars(age.data(), age.data() + age.size(), number);
  if (error != std::errc{} || unit + 1 != age.data() + age.size() || number < 0 || number > 1'000'000)
    return std::nullopt;
  switch (*unit) {
    case 's':
      return number;
    case 'm':
      return number * 60;
    case 'h':
      return number * 3'600;
    case 'd':
      return number * 86'400;
    default:
      return std::nullopt;
  }
}

const char* word_of(JobOrder order) {
  return order == JobOrder::retry ? "retry" : order == JobOrder::park ? "park" : "cancel";
}

Outcome<JobList> jobs(const LedgerPlace& place, const JobArgs& args) {
  if (!args.older_than.empty() && !seconds_of(args.older_than))
    return refuse(ErrorCode::usage, fmt::format("`{}` is no age; write 90s, 15m, 1h or 2d", args.older_than));
  ledger::Connection connection(place.dsn);
  JobAdmin admin(connection);
  const auto now = ledger::journal::world_now(connection);
  if (!now) return store_failure(place, now.error());
  auto found = admin.list(filter_of(args), *now, args.limit + 1);
  if (!found) return store_failure(place, found.error());
  JobList list{std::move(*found), false};
  list.is_cut = static_cast<int>(list.jobs.size()) > args.limit;
  if (list.is_cut) list.jobs.pop_back();
  return list;
}

Outcome<JobDetail> job(const LedgerPlace& place, const std::string& id, const schemas::config::BrokerConfig& config) {
  const auto key = job_key_of(id);
  if (!key) return refuse(ErrorCode::usage, fmt::format("`{}` is no id of a job; they look like 1/42/7/0", id));
  ledger::Connection connection(place.dsn);
  JobAdmin admin(connection);
  const auto now = ledger::journal::world_now(connection);
  if (!now) return store_failure(place, now.error());
  const auto found = admin.find(*key, *now);
  if (!found) return store_failure(place, found.error());
  if (found->empty())
    return refuse(ErrorCode::not_found, fmt::format("no open job has the id {}", id),
                  fmt::format("`bursar machine history {}` tells what became of it", key->instance.value));
  const JobView& job = found->front();
  machines::LeasedJob asked;
  asked.key = job.key;
  asked.kind = job.kind;
  asked.world_at = job.world_at;
  const auto facts = ledger::journal::Journal(connection).facts({&asked, 1});
  if (!facts) return store_failure(place, facts.error());
  auto history = ledger::books::Books(connection).history(job.key.instance);
  if (!history) return store_failure(place, history.error());
  JobDetail detail{job, std::nullopt, rule_text(job.error_class, config), next_try_text(job), std::move(*history)};
  if (facts->front()) detail.facts = *facts->front();
  return detail;
}

Outcome<std::vector<JobView>> preview(const LedgerPlace& place, const JobArgs& args) {
  if (args.why.empty()) return no_reason_given();
  if (auto problem = usage_problem(args); !problem.empty()) return refuse(ErrorCode::usage, std::move(problem));
  ledger::Connection connection(place.dsn);
  JobAdmin admin(connection);
  const auto now = ledger::journal::world_now(connection);
  if (!now) return store_failure(place, now.error());
  auto found = args.id.empty() ? admin.list(filter_of(args), *now, most_at_once + 1)
                               : admin.find(job_key_of(args.id).value_or(JobKey{}), *now);
  if (!found) return store_failure(place, found.error());
  const auto count = static_cast<std::int64_t>(found->size());
  if (count == 0 && args.id.empty()) return refuse(ErrorCode::not_found, "no open job fits that");
  if (count == 0)
    return refuse(ErrorCode::not_found, fmt::format("no open job has the id {}", args.id),
                  "`bursar job list` shows them");
  if (count > most_at_once)
    return refuse(ErrorCode::refused, fmt::format("more than {} jobs fit that", most_at_once), "narrow it");
  if (args.expect && *args.expect != count)
    return refuse(ErrorCode::changed,
                  fmt::format("{} jobs fit that now, not {}; nothing was changed", count, *args.expect));
  return std::move(*found);
}

Outcome<JobsOrdered> act(const LedgerPlace& place, const Asker& who, JobOrder order, const std::vector<JobView>& jobs,
                         const std::string& why) {
  if (why.empty()) return no_reason_given();
  return order == JobOrder::cancel ? cancel(place, who, jobs, why) : intervene(place, who, order, jobs, why);
}

}  // namespace deploy::operations
