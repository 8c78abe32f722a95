// deploy/bursar/up_cli.cpp: the words of `bursar up`.
#include <memory>

#include "deploy/bursar/up.hpp"
#include "deploy/cli/commands.hpp"
#include "deploy/house/ledger_access.hpp"
#include "deploy/terminal/secret_arguments.hpp"

namespace deploy {
namespace {

struct UpArgs {
  std::string replay;
  bool exit_when_done = false;
};

int run_up(const Commands& commands, const UpArgs& args, const schemas::config::Config& config) {
  const CommonArgs& common = commands.args();
  if (common.dsn.empty() && !common.service_dsn.empty())
    return wrong("--service-dsn goes with --dsn: a private PostgreSQL has its own logins");
  for (const std::string& dsn : {common.dsn, common.service_dsn})
    if (const int code = check_plain(dsn, config.postgres.allow_plain_postgres); code != 0) return code;
  if (common.dsn.empty()) forget_postgres_environment();
  return up({{commands.layout(config), config, common.config, common.dsn, common.service_dsn},
             args.replay,
             args.exit_when_done,
             common.json});
}

}  // namespace

void add_up_command(Commands& commands) {
  auto args = std::make_shared<UpArgs>();
  CLI::App& command = commands.add_with_place(
      commands.program(), "up", "run the house: PostgreSQL, broker, workers, paper venue, and a replay",
      [&commands, args] {
        return commands.with_config([&](const auto& config) { return run_up(commands, *args, config); });
      });
  commands.add_json_flag(command);
  command
      .add_option("--service-dsn", commands.args().service_dsn,
                  "the same under a login of brokers' and workers' own (bursar_service)")
      ->envname("BURSAR_SERVICE_DSN");
  command.add_option("--replay", args->replay, "CSV of hourly prices; without it a generated sample");
  command.add_flag("--exit-when-done", args->exit_when_done, "end after the report");
}

}  // namespace deploy
