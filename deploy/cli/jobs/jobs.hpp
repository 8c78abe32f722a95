// deploy/cli/jobs/jobs.hpp: `bursar job list|show|retry|park|cancel`: the queue as an operator sees it and orders it.
// An order that a filter gives to more than one job is shown first and needs a yes. Each command prints for people, or
// one JSON object with --json, and returns the exit code: 2 where it waits for the yes.
#pragma once

#include "deploy/cli/context.hpp"
#include "deploy/operations/jobs.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

class Commands;

struct JobArgs : operations::JobArgs {
  bool yes = false;  // `expect` is a yes as well, by the count that the preview named
};

using operations::job_key_of;
using operations::seconds_of;
using operations::text_of;

int list_jobs(const CommandContext& context, const JobArgs& args);
int show_job(const CommandContext& context, const JobArgs& args, const schemas::config::BrokerConfig& config);
int retry_jobs(const CommandContext& context, const JobArgs& args);
int park_jobs(const CommandContext& context, const JobArgs& args);
int cancel_jobs(const CommandContext& context, const JobArgs& args);

// `bursar job ...`.
void add_job_commands(Commands& commands);

}  // namespace deploy
