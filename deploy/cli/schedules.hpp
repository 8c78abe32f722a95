// deploy/cli/schedules.hpp: `bursar schedule list|show|run`: what fires by the clock, when it fires next, what
// became of the last time; and a firing now, by a person. Each prints for people, or one JSON value with --json.
#pragma once

#include "deploy/cli/context.hpp"
#include "deploy/operations/schedules.hpp"

namespace deploy {

class Commands;

using operations::ScheduleArgs;

int list_schedules(const CommandContext& context);
int show_schedule(const CommandContext& context, const ScheduleArgs& args);
// Fires and waits ten seconds for what comes of it. 0: done, or on its way; 1: failed, skipped, or not fired.
int run_schedule(const CommandContext& context, const ScheduleArgs& args);

// `bursar schedule ...`.
void add_schedule_commands(Commands& commands);

}  // namespace deploy
