// deploy/cli/commands.hpp: Commands, the one way in which a noun adds its words to the command line: the options that
// commands share, the way to the ledger, and what the chosen command runs. A noun registers itself by a function
// `add_NOUN_commands(Commands&)`, which the executable names in its table (deploy/bursar/main.cpp).
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "deploy/cli/context.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

// The options that commands share, as the command line gave them. Empty: not given.
struct CommonArgs {
  std::string config, data_dir, dsn, service_dsn;
  bool json = false;
};

// Exit codes of what runs: 0; 1 refusal or failure; 2 usage or configuration.
class Commands {
 public:
  using Config = schemas::config::Config;
  using Run = std::function<int()>;
  using Look = std::function<int(const CommandContext&)>;
  using LookByConfig = std::function<int(const CommandContext&, const Config&)>;

  explicit Commands(const std::string& what_the_program_is);

  // `bursar NAME`, which needs a word of its own behind it.
  CLI::App& noun(const std::string& name, const std::string& help);
  // The program itself, for nouns that are one word.
  CLI::App& program() { return app_; }

  // A command without shared options.
  CLI::App& add(CLI::App& parent, const std::string& name, const std::string& help, Run run);
  // ... with --config, --data-dir and --dsn.
  CLI::App& add_with_place(CLI::App& parent, const std::string& name, const std::string& help, Run run);
  // ... with these and --json, that works on a ledger: the database that is named, the running house's, or that of a
  // folder whose house is down.
  CLI::App& look(CLI::App& parent, const std::string& name, const std::string& help, Look act);
  CLI::App& look(CLI::App& parent, const std::string& name, const std::string& help, LookByConfig act);

  [[nodiscard]] const CommonArgs& args() const { return args_; }
  CommonArgs& args() { return args_; }
  // The data folder that is named, or the default one, with what the configuration says is elsewhere.
  [[nodiscard]] Layout layout(const Config& config) const;
  // The way to the ledger of a command that add_with_place() made. Returns the exit code of `act`, or of why it can't.
  [[nodiscard]] int look_now(const LookByConfig& act) const;
  void add_json_flag(CLI::App& command);
  // Runs `then` with the configuration, or says what is wrong with it and returns 2.
  [[nodiscard]] int with_config(const std::function<int(const Config&)>& then) const;

  // Reads the line and runs its command. Connection strings are wiped from `argv` before anything runs.
  int run(int argc, char** argv);

 private:
  [[nodiscard]] std::string what_folder_lacks() const;
  // How the line wants its answer, before it is known where the ledger is.
  [[nodiscard]] CommandContext asked() const;

  CLI::App app_;
  CommonArgs args_;
  Run run_;
  bool needs_folder_ = false;
};

}  // namespace deploy
