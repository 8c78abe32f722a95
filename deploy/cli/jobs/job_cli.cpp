// deploy/cli/jobs/job_cli.cpp: the words of `bursar job`.
#include <CLI/CLI.hpp>
#include <memory>

#include "deploy/cli/jobs/jobs.hpp"

namespace deploy {
namespace {

using Options = std::shared_ptr<JobOrder>;

void take_filter(CLI::App* command, const Options& options) {
  command->add_option("--state", options->filter.state, "ready, delayed, leased, parked, held or timer")
      ->check(CLI::IsMember({"ready", "delayed", "leased", "parked", "held", "timer"}));
  command->add_option("--kind", options->filter.kind, "of the machine: order, sleeve_cycle, ...");
  command->add_option("--command", options->filter.command, "place_order, evaluate, ...");
  command->add_option("--owner", options->filter.owner, "of the instance");
  command->add_option("--instance", options->filter.instance, "its number");
  command->add_option("--reason", options->filter.reason, "a part of why it is parked, or of its last error");
  command->add_option("--older-than", options->older_than, "ordered so long ago: 90s, 15m, 1h, 2d");
}

}  // namespace

void add_job_commands(CLI::App& app, const JobHooks& hooks) {
  auto options = std::make_shared<JobOrder>();
  auto* job = app.add_subcommand("job", "what waits, why it waits, and what a person orders about it");
  job->require_subcommand(1);
  auto* list = hooks.looker(job, "list", "the open jobs, by id", [look = hooks.look, options] {
    return look([&](const Where& where, const schemas::config::Config&) { return list_jobs(where, *options); });
  });
  take_filter(list, options);
  list->add_option("--limit", options->limit, "how many")->check(CLI::Range(1, 1'000'000));
  hooks
      .looker(job, "show", "one job: why it waits, its inputs, its retries, the history of its instance",
              [look = hooks.look, options] {
                return look([&](const Where& where, const schemas::config::Config& config) {
                  return show_job(where, *options, config.broker);
                });
              })
      ->add_option("id", options->id, "as `bursar job list` prints it")
      ->required();
  struct Verb {
    const char* name;
    const char* help;
    int (*act)(const Where&, const JobOrder&);
  };
  for (const Verb& verb :
       {Verb{"retry", "parked and delayed jobs run at once, with all their tries before them", retry_jobs},
        Verb{"park", "jobs that nobody holds wait for a person", park_jobs},
        Verb{"cancel", "a job becomes what its machine says that cancelling it means", cancel_jobs}}) {
    auto* command = hooks.looker(job, verb.name, verb.help, [look = hooks.look, options, act = verb.act] {
      return look([&](const Where& where, const schemas::config::Config&) { return act(where, *options); });
    });
    command->add_option("id", options->id, "as `bursar job list` prints it; without it by the filter");
    take_filter(command, options);
    command->add_option("--why", options->why, "kept in the history");
    auto* yes = command->add_flag("--yes", options->yes, "for all that the filter matches");
    command->add_option("--expect", options->expect, "yes, if it is so many")->excludes(yes);
  }
}

}  // namespace deploy
