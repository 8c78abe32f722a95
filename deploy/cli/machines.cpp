#include "deploy/cli/machines.hpp"

#include <cctype>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "deploy/cli/commands.hpp"
#include "deploy/cli/machine_migration.hpp"
#include "deploy/operations/machines.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/env/times.hpp"
#include "machines/catalog/catalog.hpp"
#include "machines/catalog/diagram.hpp"
#include "machines/core/amount.hpp"

namespace deploy {

using ledger::env::utc;

namespace {

using nlohmann::ordered_json;

std::string amount_text(machines::Int128 minor, int scale) {
  return machines::format(machines::Amount({0}, minor), scale);
}

// The jobs of a step with their times spelled out: "evaluate@1704632399999000" becomes "evaluate at 2024-...".
std::string jobs_text(const std::string& jobs) {
  std::string made;
  for (std::size_t i = 0; i < jobs.size();) {
    std::size_t end = i + 1;
    while (jobs[i] == '@' && end < jobs.size() && std::isdigit(static_cast<unsigned char>(jobs[end])) != 0) ++end;
    const bool is_time = end > i + 1 && end - i < 19;
    made += is_time ? " at " + utc({std::stoll(jobs.substr(i + 1, end - i - 1))}) : jobs.substr(i, end - i);
    i = end;
  }
  return made;
}

ordered_json instance_json(const ledger::books::InstanceView& view) {
  return {{"owner", view.owner.value},
          {"id", view.id.value},
          {"kind", view.kind},
          {"sleeve", view.sleeve},
          {"state", view.state},
          {"version", view.version},
          {"final", view.is_final},
          {"parent", view.parent.value},
          {"data", ordered_json::parse(view.data, nullptr, false)}};
}

void print_instances(const std::vector<ledger::books::InstanceView>& views) {
  print_text("{:>10}  {:<13} {:<10} {:<11} {:>7}  {}\n", "id", "kind", "sleeve", "state", "version", "parent");
  for (const auto& view : views)
    print_text("{:>10}  {:<13} {:<10} {:<11} {:>7}  {}\n", view.id.value, view.kind,
               view.sleeve.empty() ? "-" : view.sleeve, view.state, view.version,
               view.parent.value == 0 ? "-" : std::to_string(view.parent.value));
}

// An instance that is not there has always been said without the command's name, and with exit code 1.
int no_machine(const CommandContext& context, const char* command, const operations::Error& error) {
  if (error.code != ErrorCode::not_found) return complain(context, command, error);
  return refused(context, error.text + "; " + error.advice, error.code);
}

}  // namespace

int list_machines(const CommandContext& context, bool all, int limit) {
  const auto views = operations::machines_now(context, all, limit);
  if (!views) return complain(context, "machine list", views.error());
  if (!context.json) {
    print_instances(*views);
    return 0;
  }
  ordered_json json = ordered_json::array();
  for (const auto& view : *views) json.push_back(instance_json(view));
  std::cout << json.dump() << "\n";
  return 0;
}

int show_machine(const CommandContext& context, std::int64_t id) {
  const auto views = operations::machine(context, id);
  if (!views) return no_machine(context, "machine show", views.error());
  for (const auto& view : *views) {
    if (context.json) {
      std::cout << instance_json(view).dump() << "\n";
      continue;
    }
    print_instances({view});
    print_text("{}\n", Lines{ordered_json::parse(view.data, nullptr, false).dump(2)});
  }
  return 0;
}

int show_history(const CommandContext& context, std::int64_t id) {
  const auto history = operations::machine_history(context, id);
  if (!history) return no_machine(context, "machine history", history.error());
  ordered_json json = ordered_json::array();
  for (const auto& step : *history) {
    ordered_json postings = ordered_json::array();
    if (!context.json)
      print_text("{:>4}  {} -> {}  on {}{}\n      world {}  wall {}\n", step.version,
                 step.from.empty() ? "(born)" : step.from, step.to, step.event,
                 step.command == "none" ? "" : ", then " + step.command, utc(step.world_at), step.wall_at);
    if (!context.json && !step.jobs.empty()) print_text("      jobs  {}\n", jobs_text(step.jobs));
    for (const auto& posting : step.postings) {
      const std::string amount = amount_text(posting.amount, posting.scale);
      if (!context.json)
        print_text("      {:<6} {} {}  {} -> {}  ({})\n", posting.kind, amount, posting.asset, posting.debit,
                   posting.credit, posting.code);
      postings.push_back({{"kind", posting.kind},
                          {"debit", posting.debit},
                          {"credit", posting.credit},
                          {"asset", posting.asset},
                          {"amount", amount},
                          {"code", posting.code}});
    }
    json.push_back({{"version", step.version},
                    {"from", step.from},
                    {"to", step.to},
                    {"event", step.event},
                    {"command", step.command},
                    {"jobs", jobs_text(step.jobs)},
                    {"world_at", utc(step.world_at)},
                    {"wall_at", step.wall_at},
                    {"postings", postings}});
  }
  if (context.json) std::cout << json.dump() << "\n";
  return 0;
}

int show_diagram(const std::string& kind) {
  namespace catalog = machines::catalog;
  const catalog::Kind* found = catalog::find(catalog::kinds(), kind);
  if (found == nullptr) {
    print_text(stderr, "bursar: no machine is called `{}`; there are {}\n", kind, catalog::listed(catalog::words()));
    return 2;
  }
  std::cout << catalog::mermaid(found->versions.back());
  return 0;
}

namespace {

void add_migrate(Commands& commands, CLI::App& machine) {
  auto args = std::make_shared<MachineMigration>();
  CLI::App& migrate =
      commands.look(machine, "migrate", "instances to another version of their machine, by a map of states",
                    [args](const CommandContext& context) { return migrate_machines(context, *args); });
  migrate.add_option("kind", args->kind)->required();
  migrate.add_option("--from", args->from, "the version that they have")->required();
  migrate.add_option("--to", args->to, "the version that they get")->required();
  migrate.add_option("--map", args->map_file, "TOML: [states], then old = \"new\"")->required();
  migrate.add_option("--instance", args->instance, "this one alone");
  migrate.add_option("--why", args->why, "kept in the history");
  migrate.add_flag("--dry-run", args->dry_run, "count, and change nothing");
}

}  // namespace

void add_machine_commands(Commands& commands) {
  struct Args {
    bool all = false;
    int limit = 50;
    std::int64_t id = 0;
    std::string kind;
  };
  auto args = std::make_shared<Args>();
  CLI::App& machine = commands.noun("machine", "instances of state machines");
  CLI::App& list = commands.look(machine, "list", "the live ones, newest first", [args](const CommandContext& context) {
    return list_machines(context, args->all, args->limit);
  });
  list.add_flag("--all", args->all, "finished ones too");
  list.add_option("--limit", args->limit, "how many")->check(CLI::Range(1, 1'000'000));
  commands
      .look(machine, "show", "one instance",
            [args](const CommandContext& context) { return show_machine(context, args->id); })
      .add_option("id", args->id)
      ->required();
  commands
      .look(machine, "history", "its transitions with event, commands, postings, world and wall time",
            [args](const CommandContext& context) { return show_history(context, args->id); })
      .add_option("id", args->id)
      ->required();
  add_migrate(commands, machine);
  commands
      .add(machine, "diagram", "a machine's table as a Mermaid picture", [args] { return show_diagram(args->kind); })
      .add_option("kind", args->kind, machines::catalog::listed(machines::catalog::words()))
      ->required();
}

}  // namespace deploy
