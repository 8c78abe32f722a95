#include "deploy/cli/jobs/jobs.hpp"

#include <fmt/format.h>

#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "deploy/terminal/print.hpp"
#include "ledger/env/times.hpp"

namespace deploy {

using ledger::env::age_text;
using ledger::env::utc;
using operations::JobOrder;
using operations::JobsOrdered;
using operations::JobView;

namespace {

using nlohmann::ordered_json;

constexpr std::size_t shown_first = 5;    // of a preview
constexpr std::size_t history_shown = 8;  // transitions

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

int report_changes(const CommandContext& context, const char* verb, const char* done, std::size_t matched,
                   const JobsOrdered& made) {
  const bool is_whole = made.changed == static_cast<std::int64_t>(matched);
  if (!is_whole)
    put_error(context, ErrorCode::refused, fmt::format("job {}: {} of {} jobs {}", verb, made.changed, matched, done));
  if (context.json) {
    std::cout << ordered_json{{"order", verb},
                              {"matched", matched},
                              {"changed", made.changed},
                              {"machines", made.machines},
                              {"refused", made.refused}}
                     .dump()
              << "\n";
  } else {
    print_text("{} of {} jobs {}\n", made.changed, matched, done);
    for (const auto& [why, count] : made.refused) print_text("  {} refused: {}\n", count, why);
  }
  return is_whole ? 0 : 1;
}

int carry_out(const CommandContext& context, const JobArgs& args, JobOrder order, const char* done) {
  const char* verb = word_of(order);
  const std::string what = std::string("job ") + verb;
  const auto jobs = operations::preview(context, args);
  if (!jobs) {
    (void)complain(context, what, jobs.error());
    const ErrorCode code = jobs.error().code;
    return code == ErrorCode::usage || code == ErrorCode::changed ? 2 : 1;
  }
  if (jobs->size() > 1 && !args.yes && !args.expect) {
    print_preview(verb, *jobs);
    put_error(context, ErrorCode::not_confirmed, fmt::format("{}: {} jobs fit that", what, jobs->size()),
              fmt::format("add --yes, or --expect {}", jobs->size()));
    return 2;
  }
  const auto made = operations::act(context, asker(), order, *jobs, args.why);
  return made ? report_changes(context, verb, done, jobs->size(), *made) : complain(context, what, made.error());
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

int list_jobs(const CommandContext& context, const JobArgs& args) {
  const auto list = operations::jobs(context, args);
  if (!list) return complain(context, "job list", list.error());
  if (context.json) {
    ordered_json json = ordered_json::array();
    for (const JobView& job : list->jobs) json.push_back(job_json(job));
    std::cout << json.dump() << "\n";
  } else {
    print_jobs(list->jobs);
  }
  if (list->is_cut) print_text(stderr, "There are more: --limit, or a filter.\n");
  return 0;
}

int show_job(const CommandContext& context, const JobArgs& args, const schemas::config::BrokerConfig& config) {
  const auto found = operations::job(context, args.id, config);
  if (!found && found.error().code == ErrorCode::not_found)
    return refused(context, found.error().text + "; " + found.error().advice, ErrorCode::not_found);
  if (!found) return complain(context, "job show", found.error());
  ordered_json json = job_json(found->job);
  json["data"] = ordered_json::parse(found->job.data, nullptr, false);
  json["facts"] = found->facts ? facts_json(*found->facts) : ordered_json();
  json["policy"] = found->policy;
  json["next_try"] = found->next_try;
  json["history"] = history_json(found->history);
  if (context.json)
    std::cout << json.dump() << "\n";
  else
    print_job(json);
  return 0;
}

int retry_jobs(const CommandContext& context, const JobArgs& args) {
  return carry_out(context, args, JobOrder::retry, "run again");
}

int park_jobs(const CommandContext& context, const JobArgs& args) {
  return carry_out(context, args, JobOrder::park, "are parked");
}

int cancel_jobs(const CommandContext& context, const JobArgs& args) {
  return carry_out(context, args, JobOrder::cancel, "are cancelled");
}

}  // namespace deploy
