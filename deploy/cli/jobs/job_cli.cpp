// deploy/cli/jobs/job_cli.cpp: the words of `bursar job`.
#include <memory>

#include "deploy/cli/commands.hpp"
#include "deploy/cli/jobs/jobs.hpp"

namespace deploy {
namespace {

using Args = std::shared_ptr<JobArgs>;

void take_filter(CLI::App& command, const Args& args) {
  command.add_option("--state", args->filter.state, "ready, delayed, leased, parked, held or timer")
      ->check(CLI::IsMember({"ready", "delayed", "leased", "parked", "held", "timer"}));
  command.add_option("--kind", args->filter.kind, "of the machine: order, sleeve_cycle, ...");
  command.add_option("--command", args->filter.command, "place_order, evaluate, ...");
  command.add_option("--owner", args->filter.owner, "of the instance");
  command.add_option("--instance", args->filter.instance, "its number");
  command.add_option("--reason", args->filter.reason, "a part of why it is parked, or of its last error");
  command.add_option("--older-than", args->older_than, "ordered so long ago: 90s, 15m, 1h, 2d");
}

}  // namespace

void add_job_commands(Commands& commands) {
  auto args = std::make_shared<JobArgs>();
  CLI::App& job = commands.noun("job", "what waits, why it waits, and what a person orders about it");
  CLI::App& list = commands.look(job, "list", "the open jobs, by id",
                                 [args](const CommandContext& context) { return list_jobs(context, *args); });
  take_filter(list, args);
  list.add_option("--limit", args->limit, "how many")->check(CLI::Range(1, 1'000'000));
  commands
      .look(job, "show", "one job: why it waits, its inputs, its retries, the history of its instance",
            [args](const CommandContext& context, const schemas::config::Config& config) {
              return show_job(context, *args, config.broker);
            })
      .add_option("id", args->id, "as `bursar job list` prints it")
      ->required();
  struct Verb {
    const char* name;
    const char* help;
    int (*act)(const CommandContext&, const JobArgs&);
  };
  for (const Verb& verb :
       {Verb{"retry", "parked and delayed jobs run at once, with all their tries before them", retry_jobs},
        Verb{"park", "jobs that nobody holds wait for a person", park_jobs},
        Verb{"cancel", "a job becomes what its machine says that cancelling it means", cancel_jobs}}) {
    CLI::App& command = commands.look(job, verb.name, verb.help, [args, act = verb.act](const CommandContext& context) {
      return act(context, *args);
    });
    command.add_option("id", args->id, "as `bursar job list` prints it; without it by the filter");
    take_filter(command, args);
    command.add_option("--why", args->why, "kept in the history");
    auto* yes = command.add_flag("--yes", args->yes, "for all that the filter matches");
    command.add_option("--expect", args->expect, "yes, if it is so many")->excludes(yes);
  }
}

}  // namespace deploy
