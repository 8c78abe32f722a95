// deploy/cli/schedules.hpp: `bursar schedule list|show|run`: what fires by the clock, when it fires next, what
// became of the last time; and a firing now, by a person. Each prints for people, or one JSON value with --json.
#pragma once

#include <functional>
#include <string>

#include "deploy/cli/context.hpp"

namespace CLI {
class App;
}

namespace deploy {

struct ScheduleOrder {
  std::string name, owner = "default", why;
};

int list_schedules(const Where& where);
int show_schedule(const Where& where, const ScheduleOrder& order);
// Fires and waits ten seconds for what comes of it. 0: done, or on its way; 1: failed, skipped, or not fired.
int run_schedule(const Where& where, const ScheduleOrder& order);

// What main.cpp lends: a command with the common options, and the way to the ledger.
struct ScheduleHooks {
  std::function<CLI::App*(CLI::App* parent, const std::string& name, const std::string& help, std::function<int()>)>
      looker;
  std::function<int(std::function<int(const Where&)>)> look;
};
// Registers `bursar schedule ...`. REQUIRES: `app` and what the hooks hold live until the command has run.
void add_schedule_commands(CLI::App& app, const ScheduleHooks& hooks);

}  // namespace deploy
