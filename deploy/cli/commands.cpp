#include "deploy/cli/commands.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "brokers/schedule/scheduler.hpp"
#include "deploy/house/ledger_access.hpp"
#include "deploy/terminal/arguments.hpp"
#include "deploy/terminal/print.hpp"
#include "deploy/terminal/secret_arguments.hpp"

namespace deploy {
namespace {

// The command that the line came to knows --json.
bool takes_json(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  if (!chosen.empty()) return takes_json(*chosen.back());
  return app.get_option_no_throw("--json") != nullptr;
}

}  // namespace

Commands::Commands(const std::string& what_the_program_is) : app_(what_the_program_is) {
  app_.require_subcommand(1);
  app_.set_version_flag("--version", "bursar 0.1.0");
}

CLI::App& Commands::noun(const std::string& name, const std::string& help) {
  auto* made = app_.add_subcommand(name, help);
  made->require_subcommand(1);
  return *made;
}

CLI::App& Commands::add(CLI::App& parent, const std::string& name, const std::string& help, Run run) {
  auto* made = parent.add_subcommand(name, help);
  made->callback([this, made, run = std::move(run)] {
    if (made->get_subcommands().empty()) run_ = run;  // else the word behind it says what runs
  });
  return *made;
}

CLI::App& Commands::add_with_place(CLI::App& parent, const std::string& name, const std::string& help, Run run) {
  CLI::App& made = add(parent, name, help, std::move(run));
  made.parse_complete_callback([this] { needs_folder_ = true; });
  made.add_option("--config", args_.config, "TOML file; without it the defaults");
  made.add_option("--data-dir", args_.data_dir, "data folder (default " + default_folder() + ")");
  made.add_option("--dsn", args_.dsn, "an existing PostgreSQL instead of the private one (libpq connection string)")
      ->envname("BURSAR_DSN");
  return made;
}

CLI::App& Commands::look(CLI::App& parent, const std::string& name, const std::string& help, LookByConfig act) {
  CLI::App& made = add_with_place(parent, name, help, [this, act = std::move(act)] { return look_now(act); });
  add_json_flag(made);
  return made;
}

void Commands::add_json_flag(CLI::App& command) { command.add_flag("--json", args_.json, "JSON for programs"); }

CLI::App& Commands::look(CLI::App& parent, const std::string& name, const std::string& help, Look act) {
  return look(parent, name, help,
              [act = std::move(act)](const CommandContext& context, const Config&) { return act(context); });
}

Layout Commands::layout(const Config& config) const {
  Layout layout{
      std::filesystem::absolute(args_.data_dir.empty() ? default_folder() : args_.data_dir).lexically_normal()};
  layout.venue_elsewhere = config.elsewhere.venue;
  layout.venue_elsewhere_key = config.elsewhere.venue_key_file;
  return layout;
}

int Commands::with_config(const std::function<int(const Config&)>& then) const {
  if (args_.config.empty()) return then({});
  const auto config = schemas::config::load(args_.config, brokers::schedule::check_schedules);
  if (config) return then(*config);
  std::string all;
  for (const auto& problem : config.error().problems) {
    (void)wrong(problem.text());
    all += (all.empty() ? "" : "; ") + problem.text();
  }
  put_error(asked(), ErrorCode::config, all);
  return 2;
}

int Commands::look_now(const LookByConfig& act) const {
  return with_config([&](const Config& config) {
    if (const int code = check_plain(args_.dsn, config.postgres.allow_plain_postgres); code != 0) {
      put_error(asked(), ErrorCode::config, "the connection to PostgreSQL would not be encrypted",
                "add sslmode=verify-full to the connection string");
      return code;
    }
    if (args_.dsn.empty()) forget_postgres_environment();
    const Layout place = layout(config);
    const auto way = LedgerAccess::open(place, args_.dsn);
    if (way)
      return act({{place, way->dsn(), args_.dsn.empty(), way->house_may_run(), !args_.data_dir.empty()}, args_.json},
                 config);
    const bool is_config = way.error().exit_code == 2;
    (void)wrong(asked(), way.error().text, is_config ? ErrorCode::config : ErrorCode::unavailable);
    return way.error().exit_code;
  });
}

CommandContext Commands::asked() const {
  CommandContext context;
  context.json = args_.json;
  return context;
}

// Why a command that works on a data folder can't: nobody says where, or the ledger could not hold its name.
std::string Commands::what_folder_lacks() const {
  if (!needs_folder_) return {};
  const std::string folder = args_.data_dir.empty() ? default_folder() : args_.data_dir;
  if (folder.empty())
    return "no --data-dir, no $BURSAR_DATA_DIR, and this user has no home: name the data folder with --data-dir";
  return what_is_no_text({std::filesystem::absolute(folder).string()});
}

int Commands::run(int argc, char** argv) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const bool json_is_said = std::find(words.begin(), words.end(), "--json") != words.end();
  if (const auto what = what_is_no_text(words); !what.empty()) return wrong(what);
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_.exit(error);
    args_.json = json_is_said && takes_json(app_);  // the line may have been left before its flags were read
    return wrong(asked(), complaint(app_, error, words));
  }
  if (const auto what = what_is_empty(app_); !what.empty()) return wrong(asked(), what);
  if (const auto what = what_folder_lacks(); !what.empty()) return wrong(asked(), what, ErrorCode::config);
  if (!args_.dsn.empty() || !args_.service_dsn.empty()) wipe_dsn(argc, argv);
  return run_ ? run_() : 2;
}

}  // namespace deploy
