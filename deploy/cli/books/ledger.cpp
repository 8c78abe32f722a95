#include "deploy/cli/books/ledger.hpp"

#include <memory>

#include "deploy/cli/books/balances.hpp"
#include "deploy/cli/books/ledger_export.hpp"
#include "deploy/cli/books/ledger_verify.hpp"
#include "deploy/cli/commands.hpp"

namespace deploy {
namespace {

void add_verify(Commands& commands, CLI::App& ledger) {
  auto args = std::make_shared<VerifyArgs>();
  CLI::App& verify = commands.look(ledger, "verify", "computes what came after the last checkpoint again from history",
                                   [args](const CommandContext& context) { return verify_ledger(context, *args); });
  verify.add_flag("--full", args->full, "everything, from the first row");
  verify.add_flag("--no-freeze", args->no_freeze, "only look: a bad row freezes whom it may concern otherwise");
  verify.add_flag("--without-checkpoints", args->without_checkpoints,
                  "the rows alone, from a host that has no copy of the checkpoints: not judged, never ok");
}

void add_checkpoint(Commands& commands, CLI::App& ledger) {
  auto args = std::make_shared<CheckpointArgs>();
  CLI::App& checkpoint =
      commands.look(ledger, "checkpoint", "verifies, and signs the heads of the audit chain outside the database",
                    [args](const CommandContext& context) { return sign_checkpoint(context, *args); });
  checkpoint.add_flag("--anew", args->anew, "those on record count no longer: their file or key is lost");
  checkpoint.add_option("--why", args->why, "with --anew: kept in the audit chain");
}

void add_export(Commands& commands, CLI::App& ledger) {
  struct Args {
    std::string format, output;
  };
  auto args = std::make_shared<Args>();
  CLI::App& journal = commands.look(
      ledger, "export", "a journal with daily balance assertions for hledger or beancount",
      [args](const CommandContext& context) { return export_journal(context, args->format, args->output); });
  journal.add_option("--format", args->format, "hledger or beancount")
      ->required()
      ->check(CLI::IsMember({"hledger", "beancount"}));
  journal.add_option("--output", args->output, "the file to write; without it standard output");
}

}  // namespace

void add_ledger_commands(Commands& commands) {
  CLI::App& ledger = commands.noun("ledger", "accounts, their verification, and the books for other tools");
  commands.look(ledger, "balances", "every account", show_balances);
  add_verify(commands, ledger);
  add_checkpoint(commands, ledger);
  add_export(commands, ledger);
}

}  // namespace deploy
