// deploy/bursar/main.cpp: the one executable: subcommands and their arguments. Exit codes: 0; 1 refusal or failure; 2
// usage or configuration.
#include <fmt/format.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>

#include "brokers/schedule/scheduler.hpp"
#include "deploy/bursar/apart.hpp"
#include "deploy/bursar/nodes.hpp"
#include "deploy/bursar/up.hpp"
#include "deploy/cli/books/balances.hpp"
#include "deploy/cli/books/ledger_export.hpp"
#include "deploy/cli/books/ledger_verify.hpp"
#include "deploy/cli/books/report.hpp"
#include "deploy/cli/controls.hpp"
#include "deploy/cli/jobs/jobs.hpp"
#include "deploy/cli/jobs/orders.hpp"
#include "deploy/cli/keys/key_commands.hpp"
#include "deploy/cli/machine_migration.hpp"
#include "deploy/cli/machines.hpp"
#include "deploy/cli/paper.hpp"
#include "deploy/cli/reconciliation.hpp"
#include "deploy/cli/schedules.hpp"
#include "deploy/cli/status.hpp"
#include "deploy/cli/vaults.hpp"
#include "deploy/house/ledger_access.hpp"
#include "deploy/terminal/arguments.hpp"
#include "deploy/terminal/print.hpp"
#include "deploy/terminal/secret_arguments.hpp"
#include "deploy/terminal/streams.hpp"

namespace {

using deploy::Layout, deploy::Where;

struct Options {
  std::string config, data_dir, dsn, service_dsn, replay, name, symbol, market, kind, format, output;
  bool json = false, exit_when_done = false, all = false, dsn_on_input = false, confined = false;
  int limit = 50;
  std::int64_t id = 0;
  deploy::VaultOrder vault;
  deploy::ControlOrder control;
  workers::reconciliation::BreakOrder broken;
  deploy::ReportOptions report;
  deploy::PaperOrder paper;
  deploy::MachineMigration migration;
};

Layout layout_of(const Options& options) {
  return {std::filesystem::absolute(options.data_dir.empty() ? deploy::default_folder() : options.data_dir)
              .lexically_normal()};
}

// ... with what the configuration says is elsewhere.
Layout layout_of(const Options& options, const schemas::config::Config& config) {
  Layout layout = layout_of(options);
  layout.venue_elsewhere = config.elsewhere.venue;
  layout.venue_elsewhere_key = config.elsewhere.venue_key_file;
  return layout;
}

// Runs `then` with the configuration, or says what is wrong with it and returns 2.
int with_config(const Options& options, const std::function<int(const schemas::config::Config&)>& then) {
  if (options.config.empty()) return then({});
  const auto config = schemas::config::load(options.config, brokers::schedule::check_schedules);
  if (config) return then(*config);
  for (const auto& problem : config.error().problems) deploy::print_text(stderr, "bursar: {}\n", problem.text());
  return 2;
}

// A command that only looks: at the database that is named, at the running house, or at a folder whose house is down.
using Look = std::function<int(const Where&, const schemas::config::Config&)>;
int look_with_config(const Options& options, const Look& action) {
  return with_config(options, [&](const schemas::config::Config& config) {
    if (const int code = deploy::check_plain(options.dsn, config.postgres.allow_plain_postgres); code != 0) return code;
    if (options.dsn.empty()) deploy::forget_postgres_environment();
    const Layout layout = layout_of(options, config);
    const auto way = deploy::LedgerAccess::open(layout, options.dsn);
    if (way)
      return action(
          {{layout, way->dsn(), options.dsn.empty(), way->house_may_run(), !options.data_dir.empty()}, options.json},
          config);
    deploy::print_text(stderr, "bursar: {}\n", way.error().text);
    return way.error().exit_code;
  });
}

int look(const Options& options, const std::function<int(const Where&)>& action) {
  return look_with_config(options, [&](const Where& where, const schemas::config::Config&) { return action(where); });
}

int run_up(const Options& options) {
  return with_config(options, [&](const schemas::config::Config& config) {
    if (options.dsn.empty() && !options.service_dsn.empty()) {
      deploy::print_text(stderr, "bursar: --service-dsn goes with --dsn: a private PostgreSQL has its own logins\n");
      return 2;
    }
    for (const std::string& dsn : {options.dsn, options.service_dsn})
      if (const int code = deploy::check_plain(dsn, config.postgres.allow_plain_postgres); code != 0) return code;
    if (options.dsn.empty()) deploy::forget_postgres_environment();
    return deploy::up({{layout_of(options, config), config, options.config, options.dsn, options.service_dsn},
                       options.replay,
                       options.exit_when_done,
                       options.json});
  });
}

int run_node(const Options& options, int (*node)(const deploy::NodeOptions&)) {
  return with_config(options, [&](const schemas::config::Config& config) {
    const std::string dsn = options.dsn_on_input ? deploy::take_dsn_from_input() : options.dsn;
    return node(
        {layout_of(options, config), dsn, options.name, options.symbol, config, options.confined, options.market});
  });
}

class Cli {
 public:
  Cli() {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "bursar 0.1.0");
    add_up();
    add_looks();
    add_vaults();
    add_controls();
    add_reconcile();
    add_report();
    add_paper();
    add_nodes();
    deploy::add_apart_commands(app_, [this](std::function<int()> run) { run_ = std::move(run); });
    deploy::add_key_commands(app_, key_hooks());
    const deploy::JobHooks hooks = {[this](auto* parent, const auto& name, const auto& help, auto action) {
                                      return looker(parent, name, help, action);
                                    },
                                    [this](const auto& action) { return look_with_config(o_, action); }};
    deploy::add_job_commands(app_, hooks);
    deploy::add_order_commands(app_, hooks);
    deploy::add_schedule_commands(app_, {[this](auto* parent, const auto& name, const auto& help, auto action) {
                                           return looker(parent, name, help, action);
                                         },
                                         [this](const auto& action) { return look(o_, action); }});
  }

  int run(int argc, char** argv) {
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (const auto what = deploy::what_is_no_text(words); !what.empty()) return refuse(what);
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app_.exit(error);
      return refuse(deploy::complaint(app_, error, words));
    }
    if (const auto what = deploy::what_is_empty(app_); !what.empty()) return refuse(what);
    if (const auto what = what_folder_lacks(); !what.empty()) return refuse(what);
    if (!o_.dsn.empty() || !o_.service_dsn.empty()) deploy::wipe_dsn(argc, argv);
    return run_ ? run_() : 2;
  }

 private:
  static int refuse(const std::string& what) {
    deploy::print_text(stderr, "bursar: {}\n", what);
    return 2;
  }

  // Why a command that works on a data folder can't: nobody says where, or the ledger could not hold its name.
  std::string what_folder_lacks() const {
    if (!needs_folder_) return {};
    const std::string folder = o_.data_dir.empty() ? deploy::default_folder() : o_.data_dir;
    if (folder.empty())
      return "no --data-dir, no $BURSAR_DATA_DIR, and this user has no home: name the data folder with --data-dir";
    return deploy::what_is_no_text({std::filesystem::absolute(folder).string()});
  }

  void common(CLI::App* command) {
    command->parse_complete_callback([this] { needs_folder_ = true; });
    command->add_option("--config", o_.config, "TOML file; without it the defaults");
    command->add_option("--data-dir", o_.data_dir, "data folder (default " + deploy::default_folder() + ")");
    command->add_option("--dsn", o_.dsn, "an existing PostgreSQL instead of the private one (libpq connection string)")
        ->envname("BURSAR_DSN");
  }

  CLI::App* looker(CLI::App* parent, const std::string& name, const std::string& help,
                   const std::function<int()>& action) {
    auto* command = parent->add_subcommand(name, help);
    common(command);
    command->add_flag("--json", o_.json, "JSON for programs");
    command->callback([this, action] { run_ = action; });
    return command;
  }

  void add_up() {
    auto* command = looker(&app_, "up", "run the house: PostgreSQL, broker, workers, paper venue, and a replay",
                           [this] { return run_up(o_); });
    command
        ->add_option("--service-dsn", o_.service_dsn,
                     "the same under a login of brokers' and workers' own (bursar_service)")
        ->envname("BURSAR_SERVICE_DSN");
    command->add_option("--replay", o_.replay, "CSV of hourly prices; without it a generated sample");
    command->add_flag("--exit-when-done", o_.exit_when_done, "end after the report");
  }

  void add_looks() {
    looker(&app_, "status", "instances, jobs, workers, brokers, stranded work", [this] {
      return look_with_config(o_, [](const Where& where, const schemas::config::Config& config) {
        return deploy::show_status(where, config.broker.stuck_after_s);
      });
    });
    auto* machine = app_.add_subcommand("machine", "instances of state machines");
    machine->require_subcommand(1);
    auto* list = looker(machine, "list", "the live ones, newest first", [this] {
      return look(o_, [this](const Where& where) { return deploy::list_machines(where, o_.all, o_.limit); });
    });
    list->add_flag("--all", o_.all, "finished ones too");
    list->add_option("--limit", o_.limit, "how many")->check(CLI::Range(1, 1'000'000));
    looker(machine, "show", "one instance",
           [this] { return look(o_, [this](const Where& where) { return deploy::show_machine(where, o_.id); }); })
        ->add_option("id", o_.id)
        ->required();
    looker(machine, "history", "its transitions with event, commands, postings, world and wall time",
           [this] { return look(o_, [this](const Where& where) { return deploy::show_history(where, o_.id); }); })
        ->add_option("id", o_.id)
        ->required();
    auto* migrate =
        looker(machine, "migrate", "instances to another version of their machine, by a map of states", [this] {
          return look(o_, [this](const Where& where) { return deploy::migrate_machines(where, o_.migration); });
        });
    migrate->add_option("kind", o_.migration.kind)->required();
    migrate->add_option("--from", o_.migration.from, "the version that they have")->required();
    migrate->add_option("--to", o_.migration.to, "the version that they get")->required();
    migrate->add_option("--map", o_.migration.map_file, "TOML: [states], then old = \"new\"")->required();
    migrate->add_option("--instance", o_.migration.instance, "this one alone");
    migrate->add_option("--why", o_.migration.why, "kept in the history");
    migrate->add_flag("--dry-run", o_.migration.dry_run, "count, and change nothing");
    auto* diagram = machine->add_subcommand("diagram", "a machine's table as a Mermaid picture");
    diagram
        ->add_option("kind", o_.kind,
                     "order, sleeve_cycle, allocation, vault, sleeve, control, intervention, key, firing or break")
        ->required();
    diagram->callback([this] { run_ = [this] { return deploy::show_diagram(o_.kind); }; });
    add_ledger();
    auto* config = app_.add_subcommand("config", "the default configuration as a commented TOML file");
    config->callback([this] {
      run_ = [] {
        deploy::print_text("{}", deploy::Lines{schemas::config::example_text()});
        return 0;
      };
    });
  }

  // A command on one vault of an owner.
  CLI::App* on_vault(CLI::App* parent, const std::string& name, const std::string& help,
                     int (*action)(const Where&, const deploy::VaultOrder&)) {
    auto* command = looker(parent, name, help, [this, action] {
      return look(o_, [this, action](const Where& where) { return action(where, o_.vault); });
    });
    command->add_option("--owner", o_.vault.owner, "whose vault (default: default)");
    return command;
  }

  void add_vaults() {
    auto* vault = app_.add_subcommand("vault", "Core Vaults: one wallet asset on one venue account, and its sleeves");
    vault->require_subcommand(1);
    looker(vault, "list", "every vault", [this] { return look(o_, deploy::list_vaults); });
    on_vault(vault, "show", "Total Coins, Tradeable Coins, Quiet and Flash balance", deploy::show_vault)
        ->add_option("vault", o_.vault.name)
        ->required();
    auto* create = on_vault(vault, "create", "open one", deploy::create_vault);
    create->add_option("asset", o_.vault.asset, "the wallet's asset: USDT, BTC, ...")->required();
    create->add_option("--name", o_.vault.name, "default: the asset");
    create->add_option("--venue", o_.vault.venue, "default: paper");
    create->add_option("--account", o_.vault.account, "the account at the venue (default: main)");
    create->add_option("--reserve", o_.vault.reserve, "none, fixed or flexing (with measured volatility)");
    create->add_option("--reserve-percent", o_.vault.least,
                       "the share that must stay, from 5 to 20; flexing: the least");
    create->add_option("--reserve-most", o_.vault.most, "flexing: the most, up to 20");
    create->add_option("--why", o_.vault.why);
    auto* elect = on_vault(vault, "set-tradeable", "how many of its coins may be risked", deploy::set_tradeable);
    elect->add_option("vault", o_.vault.name)->required();
    elect->add_option("amount", o_.vault.amount)->required();
    elect->add_option("--why", o_.vault.why);
    const std::pair<const char*, int (*)(const Where&, const deploy::VaultOrder&)> moves[] = {
        {"allocate", deploy::allocate}, {"reclaim", deploy::reclaim}};
    for (const auto& [name, action] : moves) {
      auto* move = on_vault(
          vault, name, std::string(name) == "allocate" ? "Tradeable Coins to a sleeve" : "a sleeve's free coins back",
          action);
      move->add_option("vault", o_.vault.name)->required();
      move->add_option("sleeve", o_.vault.sleeve)->required();
      move->add_option("amount", o_.vault.amount)->required();
      move->add_option("--why", o_.vault.why);
    }
    auto* sleeve = app_.add_subcommand("sleeve", "sleeves: parts of a vault that one strategy trades");
    sleeve->require_subcommand(1);
    auto* open = looker(sleeve, "create", "open one", [this] {
      return with_config(o_, [this](const schemas::config::Config& config) {
        return look(o_, [this, &config](const Where& where) { return deploy::create_sleeve(where, o_.vault, config); });
      });
    });
    open->add_option("--owner", o_.vault.owner, "whose vault (default: default)");
    open->add_option("vault", o_.vault.name)->required();
    open->add_option("name", o_.vault.sleeve)->required();
    open->add_option("--kind", o_.vault.kind, "quiet or flash")->required();
    open->add_option("--pair", o_.vault.pair, "what it trades: ETH/USDT")->required();
    open->add_option("--why", o_.vault.why);
  }

  void add_controls() {
    const std::pair<const char*, int (*)(const Where&, const deploy::ControlOrder&)> pauses[] = {
        {"pause", deploy::pause}, {"resume", deploy::resume}};
    for (const auto& [name, action] : pauses) {
      auto* command =
          looker(&app_, name,
                 std::string(name) == "pause"
                     ? "no new buys in a scope (what is open leaves); or no dispatch of a kind or instance"
                     : "lift a pause",
                 [this, action = action] {
                   return look(o_, [this, action](const Where& where) { return action(where, o_.control); });
                 });
      command->add_option("scope", o_.control.scope, "sleeve, vault, venue, owner or all; kind or instance")
          ->required()
          ->check(CLI::IsMember({"sleeve", "vault", "venue", "owner", "all", "kind", "instance"}));
      command->add_option("name", o_.control.name, "of the sleeve, vault, venue or kind; the number of the instance");
      command->add_option("--owner", o_.control.owner, "default: default");
      command->add_option("--why", o_.control.why, "kept in the history");
    }
    const std::pair<const char*, int (*)(const Where&, const deploy::ControlOrder&)> freezes[] = {
        {"freeze", deploy::freeze}, {"unfreeze", deploy::unfreeze}};
    for (const auto& [name, action] : freezes) {
      auto* command =
          looker(&app_, name, std::string(name) == "freeze" ? "nothing of an owner leaves" : "lift a freeze",
                 [this, action = action] {
                   o_.control.scope = "owner";
                   return look(o_, [this, action](const Where& where) { return action(where, o_.control); });
                 });
      if (std::string(name) == "freeze")
        command->add_option("--level", o_.control.level, "entries+transfers (exits still run, default) or all");
      command->add_option("--owner", o_.control.owner, "default: default");
      command->add_option("--why", o_.control.why, "kept in the history");
    }
    looker(&app_, "controls", "what is paused or frozen, by whom and why",
           [this] { return look(o_, deploy::show_controls); });
  }

  // `bursar reconcile` alone compares; below it what is done with the breaks.
  void add_reconcile() {
    auto* reconcile = looker(&app_, "reconcile", "the venue's statement against the ledger, now", {});
    reconcile->callback([this, reconcile] {
      if (!reconcile->get_subcommands().empty()) return;  // theirs is the word
      run_ = [this] {
        return look_with_config(o_, [this](const Where& where, const schemas::config::Config& config) {
          return deploy::reconcile_now(where, o_.broken.person, config.keys.master_key_file);
        });
      };
    });
    reconcile->add_option("--assign", o_.broken.person, "who is to explain what is found (default: who runs this)");
    looker(reconcile, "list", "the breaks that wait, oldest first", [this] {
      return look(o_, [this](const Where& where) { return deploy::list_breaks(where, o_.all); });
    })->add_flag("--all", o_.all, "closed ones too");
    const auto on_break = [&](const char* name, const char* help,
                              int (*action)(const Where&, workers::reconciliation::BreakOrder)) {
      auto* command = looker(reconcile, name, help, [this, action] {
        return look(o_, [this, action](const Where& where) { return action(where, o_.broken); });
      });
      command->add_option("id", o_.broken.id, "of the break")->required();
      command->add_option("--why", o_.broken.why, "kept in the history");
      return command;
    };
    auto* explain = on_break("explain", "a correcting posting that names the original", deploy::explain_break);
    explain->add_option("--as", o_.broken.as, "deposit, withdrawal, trade, fee or error")
        ->required()
        ->check(CLI::IsMember({"deposit", "withdrawal", "trade", "fee", "error"}));
    explain->add_option("--sleeve", o_.broken.sleeve, "whose trade, fee or error it was");
    explain->add_option("--amount", o_.broken.amount, "of it (default: all that is left)");
    explain->add_option("--other-amount", o_.broken.other_amount, "of a trade's other side (default: in proportion)");
    on_break("undo", "take the last explanation back, by a posting the other way", deploy::undo_break);
    on_break("assign", "somebody else is to explain it", deploy::hand_over_break)
        ->add_option("person", o_.broken.person)
        ->required();
    on_break("close", "one that is explained is done with", deploy::close_break);
  }

  void add_paper() {
    auto* paper = app_.add_subcommand("paper",
                                      "what a person would do on the exchange's own page, for trying reconciliation "
                                      "out; needs the running house (`bursar up` stays open after a replay)");
    paper->require_subcommand(1);
    const auto command = [&](const std::string& name, const std::string& help,
                             int (*action)(const Where&, const deploy::PaperOrder&)) {
      auto* made = looker(paper, name, help, [this, action] {
        return look(o_, [this, action](const Where& where) { return action(where, o_.paper); });
      });
      made->add_option("--id", o_.paper.id, "asked again under the same id, it happens once");
      return made;
    };
    auto* trade = command("trade", "trade by hand, at the last open, past every sleeve", deploy::trade_on_paper);
    trade->add_option("side", o_.paper.side, "buy or sell")->required()->check(CLI::IsMember({"buy", "sell"}));
    trade->add_option("amount", o_.paper.amount, "buy: quote to spend, fee included; sell: base to sell")->required();
    trade->add_option("--symbol", o_.paper.symbol, "default: the pair that the house trades");
    for (auto* transfer : {command("deposit", "coins come from outside", deploy::deposit_on_paper),
                           command("withdraw", "coins go to outside", deploy::withdraw_on_paper)}) {
      transfer->add_option("asset", o_.paper.asset, "USDT, ETH, ...")->required();
      transfer->add_option("amount", o_.paper.amount)->required();
    }
    looker(paper, "statement", "what the venue says that the account holds, and the fills that are not ours",
           [this] { return look(o_, deploy::show_paper_statement); });
  }

  void add_ledger() {
    auto* ledger = app_.add_subcommand("ledger", "accounts, their verification, and the books for other tools");
    ledger->require_subcommand(1);
    looker(ledger, "balances", "every account", [this] { return look(o_, deploy::show_balances); });
    deploy::add_audit_commands(ledger, {[this](auto* parent, const auto& name, const auto& help, auto action) {
                                          return looker(parent, name, help, action);
                                        },
                                        [this](const auto& action) { return look(o_, action); }});
    auto* journal =
        looker(ledger, "export", "a journal with daily balance assertions for hledger or beancount", [this] {
          return look(o_, [this](const Where& where) { return deploy::export_journal(where, o_.format, o_.output); });
        });
    journal->add_option("--format", o_.format, "hledger or beancount")
        ->required()
        ->check(CLI::IsMember({"hledger", "beancount"}));
    journal->add_option("--output", o_.output, "the file to write; without it standard output");
  }

  void add_report() {
    auto* report = looker(&app_, "report", "the books of sleeves and vaults day by day, reconciled", [this] {
      return look_with_config(o_, [this](const Where& where, const schemas::config::Config& config) {
        return deploy::report_books(where, config.report.cost_basis, o_.report);
      });
    });
    report->add_option("--from", o_.report.from, "the first day, UTC, as 2024-01-31; without it the first there is");
    report->add_option("--to", o_.report.to, "the last day; without it the last there is");
    auto* csv = report->add_flag("--csv", o_.report.csv, "a line per sleeve and day, for programs");
    auto* html = report->add_option("--html", o_.report.html, "a page with charts, into this file");
    csv->excludes(html)->excludes("--json");
    html->excludes("--json");
  }

  // What `up` starts; not for people.
  void add_nodes() {
    auto* node = app_.add_subcommand("node", "one process of the house")->group("");
    node->require_subcommand(1);
    const std::pair<const char*, int (*)(const deploy::NodeOptions&)> kinds[] = {{"broker", deploy::run_broker},
                                                                                 {"worker", deploy::run_worker},
                                                                                 {"venue", deploy::run_venue},
                                                                                 {"keys", deploy::run_keys}};
    for (const auto& [name, run] : kinds) {
      auto* command = node->add_subcommand(name);
      common(command);
      command->add_option("--name", o_.name);
      command->add_option("--symbol", o_.symbol);
      command->add_option("--market", o_.market);
      command->add_flag(deploy::dsn_on_input, o_.dsn_on_input);
      command->add_flag(deploy::confined, o_.confined);
      command->callback([this, run = run] { run_ = [this, run] { return run_node(o_, run); }; });
    }
  }

  deploy::KeyHooks key_hooks() {
    return {[this](auto* parent, const auto& name, const auto& help, auto action) {
              return looker(parent, name, help, action);
            },
            [this](const auto& action) {
              return with_config(o_, [&](const schemas::config::Config& config) {
                return look(o_, [&](const Where& where) { return action({{where, config}, where.json}); });
              });
            }};
  }

  CLI::App app_{"Bursar runs a crypto treasury: machines, a ledger, a broker and workers"};
  Options o_;
  std::function<int()> run_;
  bool needs_folder_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  deploy::open_closed_streams();
  umask(077);  // what this program writes is for its user alone
  return deploy::after_output(Cli().run(argc, argv));
}
