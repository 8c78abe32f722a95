#include "deploy/cli/reconciliation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "deploy/cli/commands.hpp"
#include "deploy/operations/reconciliation.hpp"
#include "deploy/report/figures.hpp"
#include "deploy/report/reconciled.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/env/times.hpp"

namespace deploy {

using ledger::env::age_text;
using ledger::env::utc;
using workers::reconciliation::BreakArgs;
using workers::reconciliation::Heard;
using workers::reconciliation::Reconciled;

namespace {

using ledger::books::BreakView;
using machines::Int128;
using nlohmann::ordered_json;

std::string amount_text(Int128 minor, int scale) { return machines::format(machines::Amount({0}, minor), scale); }

ordered_json break_json(const BreakView& view) {
  return {{"id", view.id.value},
          {"state", view.state},
          {"owner", view.owner_name},
          {"person", view.data.person},
          {"venue", view.data.venue},
          {"account", view.data.account},
          {"asset", view.asset.code},
          {"amount", amount_text(view.data.amount.minor(), view.asset.scale)},
          {"left", amount_text(view.data.rest.minor(), view.asset.scale)},
          {"statement", amount_text(view.data.statement_total.minor(), view.asset.scale)},
          {"ledger", amount_text(view.data.ledger_total.minor(), view.asset.scale)},
          {"found_at", view.wall_at},
          {"world_at", utc(view.world_at)},
          {"age_s", view.age_s},
          {"explained_as", view.data.explained_as},
          {"sleeve", view.data.sleeve},
          {"fills", view.data.fills},
          {"who", view.data.who},
          {"why", view.data.why}};
}

ordered_json reconciled_json(const Reconciled& made) {
  ordered_json json = {{"statement", made.statement},      {"still", made.still},
                       {"lines", ordered_json::array()},   {"booked", ordered_json::array()},
                       {"breaks", ordered_json::array()},  {"unknown", ordered_json::array()},
                       {"resolved", ordered_json::array()}};
  for (const Heard& one : made.heard)
    json["resolved"].push_back({{"order", one.of.data.order.value},
                                {"as", one.of.data.as},
                                {"who", one.of.data.who},
                                {"venue_says", one.text},
                                {"word", machines::name_of(one.word)}});
  for (const auto& line : made.lines)
    json["lines"].push_back({{"asset", line.asset.code},
                             {"statement", amount_text(line.statement, line.asset.scale)},
                             {"ledger", amount_text(line.ledger, line.asset.scale)},
                             {"quarantined", amount_text(line.quarantined, line.asset.scale)},
                             {"difference", amount_text(line.difference, line.asset.scale)}});
  for (const auto& one : made.booked)
    json["booked"].push_back({{"fill", one.fill},
                              {"sleeve", one.sleeve},
                              {"symbol", one.symbol},
                              {"machine", one.instance.value},
                              {"closed", one.closed}});
  for (const auto& id : made.found) json["breaks"].push_back(id.value);
  for (const auto& line : made.unknown)
    json["unknown"].push_back({{"asset", line.asset}, {"minor_units", machines::to_text(line.total)}});
  return json;
}

void print_breaks(const std::vector<BreakView>& views) {
  print_text("{:>8}  {:<9} {:<12} {:>26} {:>26} {:<6} {:>9}  {}\n", "id", "state", "person", "amount", "left", "asset",
             "age", "why");
  for (const BreakView& view : views)
    print_text("{:>8}  {:<9} {:<12} {:>26} {:>26} {:<6} {:>9}  {}\n", view.id.value, view.state, view.data.person,
               amount_text(view.data.amount.minor(), view.asset.scale),
               amount_text(view.data.rest.minor(), view.asset.scale), view.asset.code, age_text(view.age_s),
               view.data.why);
}

void print_heard(const Reconciled& made) {
  for (const Heard& one : made.heard)
    print_text("{}{}\n", text_of(one),
               one.word == Heard::Word::same    ? ": confirmed"
               : one.word == Heard::Word::other ? ": OVERRULED; what differs is in quarantine"
                                                : "");
}

void print_reconciled(const Reconciled& made) {
  print_heard(made);
  print_text("{:<6} {:>30} {:>30} {:>26} {:>26}\n", "asset", "statement", "ledger", "in quarantine", "new difference");
  for (const auto& line : made.lines)
    print_text("{:<6} {:>30} {:>30} {:>26} {:>26}\n", line.asset.code, amount_text(line.statement, line.asset.scale),
               amount_text(line.ledger, line.asset.scale), amount_text(line.quarantined, line.asset.scale),
               line.difference == 0 ? "-" : amount_text(line.difference, line.asset.scale));
  for (const auto& one : made.booked)
    print_text("booked: the venue's fill {}, a sale of {} that is none of ours, on {}{}: machine {}\n", one.fill,
               one.symbol, one.sleeve, one.closed ? ", which closes its position" : "", one.instance.value);
  for (const auto& line : made.unknown)
    print_text("the venue has {}, which no vault of ours holds: `bursar vault create {}` opens one\n", line.asset,
               line.asset);
  if (!made.found.empty())
    print_text(
        "in quarantine now: {}; `bursar reconcile list` shows what waits, `bursar reconcile explain ID --as ... --why "
        "...` explains one\n",
        report::counted(static_cast<std::int64_t>(made.found.size()), "difference"));
}

int said(const CommandContext& context, const char* command, const operations::Outcome<std::vector<BreakView>>& views) {
  if (!views) return complain(context, command, views.error());
  if (context.json)
    std::cout << break_json(views->front()).dump() << "\n";
  else
    print_breaks(*views);
  return 0;
}

}  // namespace

int reconcile_now(const CommandContext& context, const std::string& person, const std::string& master_key_file) {
  const auto made = operations::reconcile(context, asker(), person, master_key_file);
  if (!made) return complain(context, "reconcile", made.error());
  const bool compared = made->silent.empty() && made->still;
  if (!compared) (void)refused(context, "reconcile: " + report::in_one_line(*made), ErrorCode::unavailable);
  if (context.json)
    std::cout << reconciled_json(*made).dump() << "\n";
  else if (compared)
    print_reconciled(*made);
  return compared ? 0 : 1;
}

int list_breaks(const CommandContext& context, bool all) {
  const auto views = operations::breaks(context, all);
  if (!views) return complain(context, "reconcile list", views.error());
  if (context.json) {
    ordered_json json = ordered_json::array();
    for (const BreakView& view : *views) json.push_back(break_json(view));
    std::cout << json.dump() << "\n";
  } else if (views->empty()) {
    print_text("no breaks{}\n", all ? "" : " are open; --all shows those that are closed");
  } else {
    print_breaks(*views);
  }
  return 0;
}

int explain_break(const CommandContext& context, BreakArgs args) {
  return said(context, "reconcile explain", operations::explain_break(context, asker(), std::move(args)));
}

int undo_break(const CommandContext& context, BreakArgs args) {
  return said(context, "reconcile undo", operations::undo_break(context, asker(), std::move(args)));
}

int hand_over_break(const CommandContext& context, BreakArgs args) {
  return said(context, "reconcile assign", operations::hand_over_break(context, asker(), std::move(args)));
}

int close_break(const CommandContext& context, BreakArgs args) {
  return said(context, "reconcile close", operations::close_break(context, asker(), std::move(args)));
}

namespace {

using BreakAction = int (*)(const CommandContext&, workers::reconciliation::BreakArgs);
using BreakArgs = std::shared_ptr<workers::reconciliation::BreakArgs>;

CLI::App& on_break(Commands& commands, CLI::App& reconcile, const char* name, const char* help, BreakAction act,
                   const BreakArgs& args) {
  CLI::App& made =
      commands.look(reconcile, name, help, [args, act](const CommandContext& context) { return act(context, *args); });
  made.add_option("id", args->id, "of the break")->required();
  made.add_option("--why", args->why, "kept in the history");
  return made;
}

void add_explain(Commands& commands, CLI::App& reconcile, const BreakArgs& args) {
  CLI::App& explain =
      on_break(commands, reconcile, "explain", "a correcting posting that names the original", explain_break, args);
  explain.add_option("--as", args->as, "deposit, withdrawal, trade, fee or error")
      ->required()
      ->check(CLI::IsMember({"deposit", "withdrawal", "trade", "fee", "error"}));
  explain.add_option("--sleeve", args->sleeve, "whose trade, fee or error it was");
  explain.add_option("--amount", args->amount, "of it (default: all that is left)");
  explain.add_option("--other-amount", args->other_amount, "of a trade's other side (default: in proportion)");
}

}  // namespace

void add_reconcile_commands(Commands& commands) {
  auto args = std::make_shared<workers::reconciliation::BreakArgs>();
  CLI::App& reconcile = commands.look(commands.program(), "reconcile", "the venue's statement against the ledger, now",
                                      [args](const CommandContext& context, const schemas::config::Config& config) {
                                        return reconcile_now(context, args->person, config.keys.master_key_file);
                                      });
  reconcile.add_option("--assign", args->person, "who is to explain what is found (default: who runs this)");
  auto all = std::make_shared<bool>(false);
  commands
      .look(reconcile, "list", "the breaks that wait, oldest first",
            [all](const CommandContext& context) { return list_breaks(context, *all); })
      .add_flag("--all", *all, "closed ones too");
  add_explain(commands, reconcile, args);
  on_break(commands, reconcile, "undo", "take the last explanation back, by a posting the other way", undo_break, args);
  on_break(commands, reconcile, "assign", "somebody else is to explain it", hand_over_break, args)
      .add_option("person", args->person)
      ->required();
  on_break(commands, reconcile, "close", "one that is explained is done with", close_break, args);
}

}  // namespace deploy
