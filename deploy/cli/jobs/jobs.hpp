// deploy/cli/jobs/jobs.hpp: `bursar job list|show|retry|park|cancel`: the queue as an operator sees it and orders it.
// An order that a filter gives to more than one job is shown first and needs a yes. Each command prints for people, or
// one JSON object with --json, and returns the exit code: 2 where it waits for the yes.
#pragma once

#include <optional>
#include <string>

#include "deploy/cli/context.hpp"
#include "ledger/jobs/job_admin.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

class Commands;

struct JobArgs {
  std::string id;  // OWNER/INSTANCE/VERSION/ORDINAL, as `job list` prints it; empty: by the filter
  ledger::jobs::Filter filter;
  std::string older_than;  // "90s", "15m", "1h", "2d"
  std::string why;
  bool yes = false;
  std::optional<std::int64_t> expect;  // the yes, by the count that the preview named
  int limit = 50;
};

std::string text_of(const machines::JobKey& key);
std::optional<machines::JobKey> job_key_of(const std::string& text);
// Whole seconds; nothing where the text is no age.
std::optional<std::int64_t> seconds_of(const std::string& age);

int list_jobs(const CommandContext& context, const JobArgs& order);
int show_job(const CommandContext& context, const JobArgs& order, const schemas::config::BrokerConfig& config);
int retry_jobs(const CommandContext& context, const JobArgs& order);
int park_jobs(const CommandContext& context, const JobArgs& order);
int cancel_jobs(const CommandContext& context, const JobArgs& order);

// `bursar job ...`.
void add_job_commands(Commands& commands);

}  // namespace deploy
