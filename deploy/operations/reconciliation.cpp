#include "deploy/operations/reconciliation.hpp"

#include <chrono>
#include <utility>

#include "deploy/house/folder_owner.hpp"
#include "workers/reconciliation/ask_order.hpp"
#include "workers/reconciliation/ask_statement.hpp"

namespace deploy::operations {
namespace {

constexpr std::chrono::seconds longest_answer{3};

using Act = ledger::Stored<std::string> (*)(ledger::Connection&, const BreakArgs&);

Outcome<std::vector<BreakView>> say(const LedgerPlace& place, const Asker& who, BreakArgs args, Act act) {
  ledger::Connection connection(place.dsn);
  args.who = who.name;
  const auto why_not = act(connection, args);
  if (!why_not) return store_failure(place, why_not.error());
  if (!why_not->empty()) return refuse(ErrorCode::refused, *why_not);
  auto views = ledger::books::Reconciliation(connection).break_of({args.id});
  if (!views) return store_failure(place, views.error());
  return std::move(*views);
}

}  // namespace

Outcome<Reconciled> reconcile(const LedgerPlace& place, const Asker& who, const std::string& person,
                              const std::string& master_key_file) {
  if (!place.house_may_run)
    return refuse(ErrorCode::not_running, "the house is not running, and its venue with it",
                  "`bursar up` starts both and stays open after a replay");
  ledger::Connection connection(place.dsn);
  if (auto foreign = why_of_another(place, connection); !foreign.empty())
    return refuse(ErrorCode::config, std::move(foreign));
  workers::reconciliation::Reconciling how;
  how.who = who.name;
  how.person = person.empty() ? how.who : person;
  how.ask_order = workers::reconciliation::ask_venue_for_order(
      place.layout.venue_files("worker"), place.dsn,
      ledger::secrets::find_master_key(master_key_file, place.layout.key("master.key")), longest_answer);
  auto made = workers::reconciliation::reconcile(
      connection, how, workers::reconciliation::ask_venue(place.layout.venue_files("client"), longest_answer));
  if (!made) return store_failure(place, made.error());
  return std::move(*made);
}

Outcome<std::vector<BreakView>> breaks(const LedgerPlace& place, bool all) {
  ledger::Connection connection(place.dsn);
  auto views = ledger::books::Reconciliation(connection).breaks(all);
  if (!views) return store_failure(place, views.error());
  return std::move(*views);
}

Outcome<std::vector<BreakView>> explain_break(const LedgerPlace& place, const Asker& who, BreakArgs args) {
  return say(place, who, std::move(args), workers::reconciliation::explain_break);
}

Outcome<std::vector<BreakView>> undo_break(const LedgerPlace& place, const Asker& who, BreakArgs args) {
  return say(place, who, std::move(args), workers::reconciliation::undo_break);
}

Outcome<std::vector<BreakView>> hand_over_break(const LedgerPlace& place, const Asker& who, BreakArgs args) {
  return say(place, who, std::move(args), workers::reconciliation::hand_over_break);
}

Outcome<std::vector<BreakView>> close_break(const LedgerPlace& place, const Asker& who, BreakArgs args) {
  return say(place, who, std::move(args), workers::reconciliation::close_break);
}

}  // namespace deploy::operations
