// deploy/bursar/main.cpp: the one executable: subcommands and their arguments. Exit codes: 0; 1 refusal or failure; 2 usage or configuration.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <functional>

#include "deploy/bursar/commands.hpp"
#include "deploy/bursar/nodes.hpp"
#include "deploy/bursar/up.hpp"

namespace {

using deploy::Layout;

struct Options {
  std::string config, data_dir, dsn, replay, name, symbol, kind;
  bool json = false, exit_when_done = false, all = false;
  int limit = 50;
  std::int64_t id = 0;
};

std::string default_folder() {
  if (geteuid() == 0) return "/var/lib/bursar";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : ".") + "/.local/state/bursar";
}

Layout layout_of(const Options& options) {
  return {std::filesystem::absolute(options.data_dir.empty() ? default_folder() : options.data_dir).lexically_normal()};
}

// The private cluster's socket, as this user, unless an existing PostgreSQL is named.
deploy::Where where_of(const Options& options) {
  const Layout layout = layout_of(options);
  const std::string own = fmt::format("host='{}' dbname={} user={}", (layout.folder / "pg").string(), deploy::database_name, deploy::owner_role);
  return {layout, options.dsn.empty() ? own : options.dsn, options.json};
}

// Runs `then` with the configuration, or says what is wrong with it and returns 2.
int with_config(const Options& options, const std::function<int(const schemas::config::Config&)>& then) {
  if (options.config.empty()) return then({});
  const auto config = schemas::config::load(options.config);
  if (config) return then(*config);
  fmt::print(stderr, "{}", config.error().text());
  return 2;
}

int run_up(const Options& options) {
  return with_config(options, [&](const schemas::config::Config& config) {
    return deploy::up({layout_of(options), config, options.config, options.dsn, options.replay, options.exit_when_done, options.json});
  });
}

int run_node(const Options& options, int (*node)(const deploy::NodeOptions&)) {
  return with_config(options, [&](const schemas::config::Config& config) {
    return node({layout_of(options), options.dsn, options.name, options.symbol, config});
  });
}

class Cli {
 public:
  Cli() {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "bursar 0.1.0");
    add_up();
    add_looks();
    add_nodes();
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? 0 : 2;
    }
    return run_ ? run_() : 2;
  }

 private:
  void common(CLI::App* command) {
    command->add_option("--config", o_.config, "TOML file; without it the defaults");
    command->add_option("--data-dir", o_.data_dir, "data folder (default " + default_folder() + ")");
    command->add_option("--dsn", o_.dsn, "an existing PostgreSQL instead of the private one (libpq connection string)");
  }

  CLI::App* looker(CLI::App* parent, const std::string& name, const std::string& help, const std::function<int()>& action) {
    auto* command = parent->add_subcommand(name, help);
    common(command);
    command->add_flag("--json", o_.json, "JSON for programs");
    command->callback([this, action] { run_ = action; });
    return command;
  }

  void add_up() {
    auto* command = looker(&app_, "up", "run the house: PostgreSQL, broker, workers, paper venue, and a replay", [this] { return run_up(o_); });
    command->add_option("--replay", o_.replay, "CSV of hourly prices; without it a generated sample");
    command->add_flag("--exit-when-done", o_.exit_when_done, "end after the report");
  }

  void add_looks() {
    looker(&app_, "status", "instances, jobs, workers, brokers, stranded work", [this] { return deploy::show_status(where_of(o_)); });
    auto* machine = app_.add_subcommand("machine", "instances of state machines");
    machine->require_subcommand(1);
    auto* list = looker(machine, "list", "the live ones, newest first", [this] { return deploy::list_machines(where_of(o_), o_.all, o_.limit); });
    list->add_flag("--all", o_.all, "finished ones too");
    list->add_option("--limit", o_.limit, "how many")->check(CLI::PositiveNumber);
    looker(machine, "show", "one instance", [this] { return deploy::show_machine(where_of(o_), o_.id); })->add_option("id", o_.id)->required();
    looker(machine, "history", "its transitions with event, commands, postings, world and wall time", [this] {
      return deploy::show_history(where_of(o_), o_.id);
    })->add_option("id", o_.id)->required();
    auto* diagram = machine->add_subcommand("diagram", "a machine's table as a Mermaid picture");
    diagram->add_option("kind", o_.kind, "order, sleeve_cycle or allocation")->required();
    diagram->callback([this] { run_ = [this] { return deploy::show_diagram(o_.kind); }; });
    auto* ledger = app_.add_subcommand("ledger", "accounts and their verification");
    ledger->require_subcommand(1);
    looker(ledger, "balances", "every account", [this] { return deploy::show_balances(where_of(o_)); });
    looker(ledger, "verify", "computes everything again from history", [this] { return deploy::verify_ledger(where_of(o_)); });
    auto* config = app_.add_subcommand("config", "the default configuration as a commented TOML file");
    config->callback([this] { run_ = [] { fmt::print("{}", schemas::config::example_text()); return 0; }; });
  }

  // What `up` starts; not for people.
  void add_nodes() {
    auto* node = app_.add_subcommand("node", "one process of the house")->group("");
    node->require_subcommand(1);
    const std::pair<const char*, int (*)(const deploy::NodeOptions&)> kinds[] = {
        {"broker", deploy::run_broker}, {"worker", deploy::run_worker}, {"venue", deploy::run_venue}};
    for (const auto& [name, run] : kinds) {
      auto* command = node->add_subcommand(name);
      common(command);
      command->add_option("--name", o_.name);
      command->add_option("--symbol", o_.symbol);
      command->callback([this, run = run] { run_ = [this, run] { return run_node(o_, run); }; });
    }
  }

  CLI::App app_{"Bursar runs a crypto treasury: machines, a ledger, a broker and workers"};
  Options o_;
  std::function<int()> run_;
};

}  // namespace

int main(int argc, char** argv) { return Cli().run(argc, argv); }
