#include "deploy/cli/jobs/jobs.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "brokers/service/retry_rules.hpp"
#include "deploy/terminal/asker.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/books/books.hpp"
#include "ledger/env/times.hpp"
#include "ledger/journal/journal.hpp"
#include "workers/handlers/cancellation.hpp"

namespace deploy {

using brokers::service::retry_rules;
using ledger::env::age_text;
using ledger::env::utc;
using workers::handlers::advice;
using workers::handlers::cancelled;

namespace {

using ledger::jobs::JobAdmin;
using ledger::jobs::JobView;
using machines::JobKey;
using nlohmann::ordered_json;

constexpr std::int64_t most_at_once = 100'000;  // jobs that one order may name
constexpr std::size_t slice = 1'000;            // jobs per transaction
constexpr std::size_t shown_first = 5;          // of a preview
constexpr std::size_t history_shown = 8;        // transitions

std::string state_text(const JobView& job) {
  if (job.state == "delayed")
    return fmt::format("delayed, next try in {:.1f} s", static_cast<double>(job.wait_ms) / 1e3);
  if (job.state == "timer") return "timer, at " + utc(job.world_at);
  if (job.state == "leased") return "leased by " + job.broker;
  return job.state;
}

ordered_json job_json(const JobView& job) {
  return {{"id", text_of(job.key)},
          {"owner", job.owner},
          {"kind", job.kind},
          {"command", job.command},
          {"is_event", job.is_event},
          {"state", job.state},
          {"reason", job.reason},
          {"error_class", job.error_class},
          {"attempt", job.attempt},
          {"tries", job.tries},
          {"world_at", utc(job.world_at)},
          {"wait_ms", job.wait_ms},
          {"age_s", job.age_s},
          {"instance_state", job.instance_state},
          {"machine_version", job.machine_version},
          {"trace", nullptr}};
}

void print_jobs(const std::vector<JobView>& jobs) {
  print_text("{:<22} {:<13} {:<13} {:<11} {:>5} {:>9}  {}\n", "id", "kind", "command", "instance", "tries", "age",
             "state and reason");
  for (const JobView& job : jobs)
    print_text("{:<22} {:<13} {:<13} {:<11} {:>5} {:>9}  {}{}{}\n", text_of(job.key), job.kind, job.command,
               job.instance_state, job.tries, age_text(job.age_s), state_text(job), job.reason.empty() ? "" : ": ",
               job.reason);
}

// What the order is about, and whether it may be carried out.
struct Selection {
  std::vector<JobView> jobs;
  int exit_code = 0;
  bool go = false;
};

std::string usage_problem(const JobArgs& order, const char* verb) {
  const auto& f = order.filter;
  const bool filters = !f.state.empty() || !f.kind.empty() || !f.command.empty() || !f.owner.empty() ||
                       f.instance != 0 || !f.reason.empty() || !order.older_than.empty();
  if (order.why.empty()) return fmt::format("job {}: --why is missing: whoever reads the history wants to know", verb);
  if (order.id.empty() && !filters)
    return fmt::format("job {}: name a job by its id, or a filter such as --state parked; `bursar job list` shows them",
                       verb);
  if (!order.id.empty() && filters) return fmt::format("job {}: give an id or a filter, not both", verb);
  if (!order.id.empty() && !job_key_of(order.id))
    return fmt::format("job {}: `{}` is no id of a job; they look like 1/42/7/0", verb, order.id);
  if (!order.older_than.empty() && !seconds_of(order.older_than))
    return fmt::format("job {}: `{}` is no age; write 90s, 15m, 1h or 2d", verb, order.older_than);
  return {};
}

ledger::jobs::Filter filter_of(const JobArgs& order) {
  ledger::jobs::Filter filter = order.filter;
  filter.older_than_s = seconds_of(order.older_than).value_or(0);
  return filter;
}

// "3 place_order of order, parked: no answer"
void print_preview(const char* verb, const std::vector<JobView>& jobs) {
  std::map<std::string, std::int64_t> groups;
  for (const JobView& job : jobs)
    ++groups[fmt::format("{} of {}, {}{}{}", job.command, job.kind, job.state, job.reason.empty() ? "" : ": ",
                         job.reason)];
  print_text(stderr, "`job {}` would change {} jobs:\n", verb, jobs.size());
  for (const auto& [what, count] : groups) print_text(stderr, "  {:>7}  {}\n", count, what);
  print_text(stderr, "the first of them:\n");
  for (std::size_t at = 0; at < std::min(jobs.size(), shown_first); ++at)
    print_text(stderr, "  {}  {} {}\n", text_of(jobs[at].key), jobs[at].kind, jobs[at].command);
  print_text(stderr, "nothing was changed; add --yes, or --expect {}\n", jobs.size());
}

ledger::Stored<Selection> select(const CommandContext& context, JobAdmin& desk, const JobArgs& order,
                                 const char* verb) {
  const auto now = desk.world_now();
  if (!now) return machines::fail(now.error());
  auto jobs = order.id.empty() ? desk.list(filter_of(order), *now, most_at_once + 1)
                               : desk.find(job_key_of(order.id).value_or(JobKey{}), *now);
  if (!jobs) return machines::fail(jobs.error());
  Selection selection{std::move(*jobs), 1, false};
  const auto count = static_cast<std::int64_t>(selection.jobs.size());
  if (count == 0) {
    const std::string what =
        order.id.empty() ? "fits that" : fmt::format("has the id {}; `bursar job list` shows them", order.id);
    selection.exit_code = refused(context, fmt::format("job {}: no open job {}", verb, what), ErrorCode::not_found);
  } else if (count > most_at_once) {
    selection.exit_code =
        refused(context, fmt::format("job {}: more than {} jobs fit that; narrow it", verb, most_at_once));
  } else if (order.expect && *order.expect != count) {
    selection.exit_code = wrong(
        context, fmt::format("job {}: {} jobs fit that now, not {}; nothing was changed", verb, count, *order.expect),
        ErrorCode::changed);
  } else if (count > 1 && !order.yes && !order.expect) {
    print_preview(verb, selection.jobs);
    put_error(context, ErrorCode::not_confirmed, fmt::format("job {}: {} jobs fit that", verb, count),
              fmt::format("add --yes, or --expect {}", count));
    selection.exit_code = 2;
  } else {
    selection.go = true;
  }
  return selection;
}

int report_changes(const CommandContext& context, const char* verb, const char* done, std::size_t matched,
                   std::int64_t changed, const std::vector<std::int64_t>& machines,
                   const std::map<std::string, std::int64_t>& refused) {
  const bool is_whole = changed == static_cast<std::int64_t>(matched);
  if (!is_whole)
    put_error(context, ErrorCode::refused, fmt::format("job {}: {} of {} jobs {}", verb, changed, matched, done));
  if (context.json) {
    std::cout << ordered_json{{"order", verb},
                              {"matched", matched},
                              {"changed", changed},
                              {"machines", machines},
                              {"refused", refused}}
                     .dump()
              << "\n";
  } else {
    print_text("{} of {} jobs {}\n", changed, matched, done);
    for (const auto& [why, count] : refused) print_text("  {} refused: {}\n", count, why);
  }
  return is_whole ? 0 : 1;
}

// Retry or park: slice by slice, each all of one owner, each recorded.
int carry_out(const CommandContext& context, const JobArgs& order, const char* verb, const char* done,
              ledger::Stored<ledger::jobs::Intervention> (JobAdmin::*act)(std::span<const JobKey>, const std::string&,
                                                                          const std::string&)) {
  if (const auto problem = usage_problem(order, verb); !problem.empty()) return wrong(context, problem);
  ledger::Connection connection(context.dsn);
  JobAdmin desk(connection);
  const std::string what = std::string("job ") + verb;
  const auto selection = select(context, desk, order, verb);
  if (!selection) return failed(context, what, selection.error());
  if (!selection->go) return selection->exit_code;
  std::map<machines::OwnerId, std::vector<JobKey>> by_owner;
  for (const JobView& job : selection->jobs) by_owner[job.key.owner].push_back(job.key);
  std::int64_t changed = 0;
  std::vector<std::int64_t> machines;
  for (const auto& [owner, keys] : by_owner)
    for (std::size_t from = 0; from < keys.size(); from += slice) {
      const auto part = std::span(keys).subspan(from, std::min(slice, keys.size() - from));
      const auto made = (desk.*act)(part, who_asks(), order.why);
      if (!made) return failed(context, what, made.error());
      changed += made->changed;
      if (made->changed > 0) machines.push_back(made->machine.value);
    }
  const auto left = static_cast<std::int64_t>(selection->jobs.size()) - changed;
  std::map<std::string, std::int64_t> refused;
  if (left > 0) refused["in flight, gone, or so already; see `bursar job list`"] = left;
  return report_changes(context, verb, done, selection->jobs.size(), changed, machines, refused);
}

std::string rule_text(const std::string& error_class, const schemas::config::BrokerConfig& config) {
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

// What its decision would be made from, in outline.
ordered_json facts_json(const ledger::journal::Facts& facts) {
  ordered_json json = {{"control_epoch", facts.control_epoch}, {"frozen", facts.frozen}, {"paused", facts.paused}};
  if (facts.parent.value != 0)
    json["parent"] = {{"id", facts.parent.value}, {"kind", facts.parent_kind}, {"state", facts.parent_state}};
  if (facts.sleeve.value != 0) {
    json["quote_available"] = machines::format(machines::Amount({0}, facts.quote_available), 0);
    json["base_available"] = machines::format(machines::Amount({0}, facts.base_available), 0);
  }
  return json;
}

ordered_json history_json(const std::vector<ledger::books::TransitionView>& history) {
  ordered_json json = ordered_json::array();
  for (std::size_t at = history.size() - std::min(history.size(), history_shown); at < history.size(); ++at)
    json.push_back({{"version", history[at].version},
                    {"from", history[at].from},
                    {"to", history[at].to},
                    {"event", history[at].event},
                    {"command", history[at].command},
                    {"world_at", utc(history[at].world_at)},
                    {"wall_at", history[at].wall_at}});
  return json;
}

void print_job(const ordered_json& json) {
  const auto text = [&](const char* name) { return json[name].get<std::string>(); };
  print_text("job        {}: {} of {} v{} of {}\n", text("id"), text("command"), text("kind"),
             json["machine_version"].dump(), text("owner"));
  print_text("state      {}, {} attempts, {} tries, ordered {} ago, world time {}\n", text("state"),
             json["attempt"].dump(), json["tries"].dump(), age_text(json["age_s"].get<std::int64_t>()),
             text("world_at"));
  if (!text("reason").empty()) print_text("last error {}\n", text("reason"));
  if (!text("policy").empty()) print_text("policy     {}\n", text("policy"));
  print_text("next try   {}\n", text("next_try"));
  print_text("instance   {} with {}\n", text("instance_state"), json["data"].dump());
  print_text("facts      {}\n", json["facts"].dump());
  print_text("history    of the instance, the last of it:\n");
  for (const auto& one : json["history"]) {
    const auto from = one["from"].get<std::string>();
    print_text("  {:>4}  {} -> {} on {}, {}\n", one["version"].dump(), from.empty() ? "(born)" : from,
               one["to"].get<std::string>(), one["event"].get<std::string>(), one["wall_at"].get<std::string>());
  }
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

int list_jobs(const CommandContext& context, const JobArgs& order) {
  if (!order.older_than.empty() && !seconds_of(order.older_than))
    return wrong(context, fmt::format("job list: `{}` is no age; write 90s, 15m, 1h or 2d", order.older_than));
  ledger::Connection connection(context.dsn);
  JobAdmin desk(connection);
  const auto now = desk.world_now();
  if (!now) return failed(context, "job list", now.error());
  const auto jobs = desk.list(filter_of(order), *now, order.limit + 1);
  if (!jobs) return failed(context, "job list", jobs.error());
  const bool is_cut = static_cast<int>(jobs->size()) > order.limit;
  const std::vector<JobView> shown(jobs->begin(), jobs->end() - (is_cut ? 1 : 0));
  if (context.json) {
    ordered_json json = ordered_json::array();
    for (const JobView& job : shown) json.push_back(job_json(job));
    std::cout << json.dump() << "\n";
  } else {
    print_jobs(shown);
  }
  if (is_cut) print_text(stderr, "There are more: --limit, or a filter.\n");
  return 0;
}

int show_job(const CommandContext& context, const JobArgs& order, const schemas::config::BrokerConfig& config) {
  const auto key = job_key_of(order.id);
  if (!key) return wrong(context, fmt::format("job show: `{}` is no id of a job; they look like 1/42/7/0", order.id));
  ledger::Connection connection(context.dsn);
  JobAdmin desk(connection);
  const auto now = desk.world_now();
  if (!now) return failed(context, "job show", now.error());
  const auto found = desk.find(*key, *now);
  if (!found) return failed(context, "job show", found.error());
  if (found->empty())
    return refused(context,
                   fmt::format("no open job has the id {}; `bursar machine history {}` tells what became of it",
                               order.id, key->instance.value),
                   ErrorCode::not_found);
  const JobView& job = found->front();
  machines::LeasedJob asked;
  asked.key = job.key;
  asked.kind = job.kind;
  asked.world_at = job.world_at;
  const auto facts = ledger::journal::Journal(connection).facts({&asked, 1});
  if (!facts) return failed(context, "job show", facts.error());
  const auto history = ledger::books::Books(connection).history(job.key.instance);
  if (!history) return failed(context, "job show", history.error());
  ordered_json json = job_json(job);
  json["data"] = ordered_json::parse(job.data, nullptr, false);
  json["facts"] = facts->front() ? facts_json(*facts->front()) : ordered_json();
  json["policy"] = rule_text(job.error_class, config);
  json["next_try"] = next_try_text(job);
  json["history"] = history_json(*history);
  if (context.json)
    std::cout << json.dump() << "\n";
  else
    print_job(json);
  return 0;
}

int retry_jobs(const CommandContext& context, const JobArgs& order) {
  return carry_out(context, order, "retry", "run again", &JobAdmin::retry);
}

int park_jobs(const CommandContext& context, const JobArgs& order) {
  return carry_out(context, order, "park", "are parked", &JobAdmin::park);
}

int cancel_jobs(const CommandContext& context, const JobArgs& order) {
  if (const auto problem = usage_problem(order, "cancel"); !problem.empty()) return wrong(context, problem);
  ledger::Connection connection(context.dsn);
  JobAdmin desk(connection);
  const auto selection = select(context, desk, order, "cancel");
  if (!selection) return failed(context, "job cancel", selection.error());
  if (!selection->go) return selection->exit_code;
  std::int64_t changed = 0;
  std::map<std::string, std::int64_t> refused;
  for (const JobView& job : selection->jobs) {
    const auto event = cancelled(job.kind, job.command, job.is_event, job.instance_state);
    if (!event) {
      ++refused[fmt::format("{}: {}", machines::name_of(event.error()), advice(event.error()))];
      continue;
    }
    const auto done = desk.cancel(job.key, job.instance_state, std::string(*event), who_asks(), order.why);
    if (!done) return failed(context, "job cancel", done.error());
    if (done->empty())
      ++changed;
    else
      ++refused[*done];
  }
  return report_changes(context, "cancel", "are cancelled", selection->jobs.size(), changed, {}, refused);
}

}  // namespace deploy
