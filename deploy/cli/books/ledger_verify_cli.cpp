// deploy/cli/books/ledger_verify_cli.cpp: the words of `bursar ledger verify` and `bursar ledger checkpoint`.
#include <CLI/CLI.hpp>
#include <memory>

#include "deploy/cli/books/ledger_verify.hpp"

namespace deploy {

void add_audit_commands(CLI::App* ledger, const AuditHooks& hooks) {
  auto asked = std::make_shared<VerifyOrder>();
  auto* verify = hooks.looker(
      ledger, "verify", "computes what came after the last checkpoint again from history",
      [look = hooks.look, asked] { return look([&](const Where& where) { return verify_ledger(where, *asked); }); });
  verify->add_flag("--full", asked->full, "everything, from the first row");
  verify->add_flag("--no-freeze", asked->no_freeze, "only look: a bad row freezes whom it may concern otherwise");
  verify->add_flag("--without-checkpoints", asked->without_checkpoints,
                   "the rows alone, from a host that has no copy of the checkpoints: not judged, never ok");
  auto order = std::make_shared<CheckpointOrder>();
  auto* checkpoint = hooks.looker(
      ledger, "checkpoint", "verifies, and signs the heads of the audit chain outside the database",
      [look = hooks.look, order] { return look([&](const Where& where) { return sign_checkpoint(where, *order); }); });
  checkpoint->add_flag("--anew", order->anew, "those on record count no longer: their file or key is lost");
  checkpoint->add_option("--why", order->why, "with --anew: kept in the audit chain");
}

}  // namespace deploy
