#include "deploy/operations/controls.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "ledger/jobs/job_admin.hpp"
#include "machines/catalog/catalog.hpp"

namespace deploy::operations {
namespace {

using ledger::Parameters;
using ledger::SqlStatement;

constexpr SqlStatement impose_statement = {"impose", "SELECT ledger.impose($1, $2, $3, $4, $5, $6, $7)"};
constexpr SqlStatement halt_statement = {"halt", "SELECT ledger.halt($1, $2, $3, $4, $5)"};
constexpr SqlStatement kinds_statement = {"kinds_of",
                                          "SELECT kind FROM ledger.instance WHERE owner = $1 AND NOT is_final "
                                          "UNION SELECT unnest($2::text[]) ORDER BY 1",
                                          false};
constexpr SqlStatement lives_statement = {
    "lives", "SELECT kind FROM ledger.instance WHERE owner = $1 AND id::text = $2 AND NOT is_final", false};
// What a halt has left its lease: a request that may have left.
constexpr SqlStatement still_leased_statement = {
    "still_leased",
    "SELECT j.instance, j.kind, j.command, i.state FROM ledger.job j JOIN ledger.instance i ON i.owner = j.owner AND "
    "i.id = j.instance WHERE j.owner = $1 AND j.token IS NOT NULL AND ($2 = 'kind' AND j.kind = $3 OR $2 = 'instance' "
    "AND j.instance::text = $3) ORDER BY j.instance",
    false};
constexpr SqlStatement lift_statement = {"lift", "SELECT ledger.lift($1, $2, $3, $4, $5, $6)"};
constexpr SqlStatement owners_statement = {"control_owners", "SELECT id, name FROM ledger.owner ORDER BY id", false};
// Orders that have left, or may have: a stop can't call them back.
constexpr SqlStatement in_flight_statement = {
    "in_flight",
    "SELECT i.id, s.name, i.state, i.data FROM ledger.instance i JOIN ledger.sleeve s ON s.owner = i.owner AND s.id = "
    "i.sleeve "
    "WHERE i.owner = $1 AND i.kind = 'order' AND NOT i.is_final AND i.state <> 'drafted' ORDER BY i.id",
    false};

struct Target {
  std::int64_t owner = 0;
  std::string owner_name, scope, target, shown;  // as the ledger keeps it; as a person reads it
};

// These stop the dispatch of a thing; the others forbid its new buys.
bool is_halt(std::string_view scope) { return scope == "kind" || scope == "instance"; }

// The machine kind, or the live instance, that a halt names; empty, and said, where there is none.
ledger::Stored<std::vector<Target>> halted_target(ledger::Connection& connection, const ControlArgs& args,
                                                  Target target, bool imposes, std::string& why) {
  const bool by_kind = args.scope == "kind";
  target.scope = args.scope;
  target.target = args.name;
  target.shown =
      fmt::format("{} {} of {}", by_kind ? "everything of kind" : "the instance", args.name, target.owner_name);
  if (!imposes) return std::vector<Target>{target};  // it may have ended since
  ledger::ArrayText with_jobs;                       // a kind whose jobs go to workers can be paused before it has any
  for (const std::string_view word : machines::catalog::words(machines::catalog::MovedBy::workers))
    with_jobs.add_text(word);
  const auto rows = by_kind ? connection.call(kinds_statement, Parameters().add(target.owner).add(with_jobs))
                            : connection.call(lives_statement, Parameters().add(target.owner).add(args.name));
  if (!rows) return machines::fail(rows.error());
  std::string kinds;
  for (int row = 0; row < rows->size(); ++row) {
    if (!by_kind || rows->text(row, 0) == args.name) return std::vector<Target>{target};
    kinds += (kinds.empty() ? "" : ", ") + std::string(rows->text(row, 0));
  }
  why = by_kind ? fmt::format("there is no machine `{}`; there are: {}", args.name, kinds)
                : fmt::format("{} has no live instance `{}`; `bursar machine list` shows them", args.owner, args.name);
  return std::vector<Target>{};
}

// What the order means, owner by owner; empty, and said, where it means nothing.
ledger::Stored<std::vector<Target>> targets_of(ledger::Connection& connection, const ControlArgs& args, bool imposes,
                                               std::string& why) {
  const auto owners = connection.call(owners_statement);
  if (!owners) return machines::fail(owners.error());
  std::vector<Target> targets;
  std::string known;
  for (int row = 0; row < owners->size(); ++row) {
    const std::string name(owners->text(row, 1));
    known += (known.empty() ? "" : ", ") + name;
    if (args.scope == "all" || name == args.owner)
      targets.push_back({owners->number(row, 0), name, "owner", "", "everything of " + name});
  }
  if (targets.empty())
    why = fmt::format("there is no owner `{}`; there are: {}", args.owner, known.empty() ? "none" : known);
  if (targets.empty() || args.scope == "all" || args.scope == "owner") return targets;
  if (is_halt(args.scope)) return halted_target(connection, args, targets.front(), imposes, why);
  Target& target = targets.front();
  target.scope = args.scope;
  target.shown = fmt::format("the {} {} of {}", args.scope, args.name, target.owner_name);
  const auto vaults = ledger::books::Vaults(connection).vaults(args.owner);
  if (!vaults) return machines::fail(vaults.error());
  std::string names;
  for (const auto& vault : *vaults) {
    if (args.scope == "venue" && vault.venue == args.name) target.target = args.name;
    if (args.scope == "vault" && vault.name == args.name) target.target = std::to_string(vault.id);
    if (args.scope != "sleeve")
      names += (names.empty() ? "" : ", ") + (args.scope == "venue" ? vault.venue : vault.name);
    for (const auto& sleeve : vault.sleeves) {
      if (args.scope == "sleeve" && sleeve.name == args.name) target.target = std::to_string(sleeve.id.value);
      if (args.scope == "sleeve") names += (names.empty() ? "" : ", ") + sleeve.name;
    }
  }
  if (!target.target.empty()) return targets;
  why = fmt::format("{} has no {} `{}`; there are: {}", args.owner, args.scope, args.name,
                    names.empty() ? "none" : names);
  return std::vector<Target>{};
}

// Jobs of what was halted that a worker holds.
ledger::Stored<std::vector<InFlight>> still_leased(ledger::Connection& connection, const Target& target) {
  const auto rows =
      connection.call(still_leased_statement, Parameters().add(target.owner).add(target.scope).add(target.target));
  if (!rows) return machines::fail(rows.error());
  std::vector<InFlight> found;
  found.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    found.push_back({rows->number(row, 0), std::string(rows->text(row, 3)), std::string(rows->text(row, 1)),
                     std::string(rows->text(row, 2)), "", ""});
  return found;
}

ledger::Stored<std::vector<InFlight>> on_their_way(ledger::Connection& connection, const Target& target) {
  const auto rows = connection.call(in_flight_statement, Parameters().add(target.owner));
  if (!rows) return machines::fail(rows.error());
  std::vector<InFlight> found;
  for (int row = 0; row < rows->size(); ++row) {
    const auto data = nlohmann::json::parse(rows->text(row, 3), nullptr, false);
    found.push_back({rows->number(row, 0), std::string(rows->text(row, 2)), "", "", std::string(rows->text(row, 1)),
                     data.is_object() ? data.value("side", "") : ""});
  }
  return found;
}

// The freeze of the owner that stands in the way of another: as strong, or stronger. None: it is gone by now.
ledger::Stored<std::optional<ControlView>> standing_freeze(ledger::Connection& connection, const std::string& owner) {
  const auto all = ledger::books::Vaults(connection).controls();
  if (!all) return machines::fail(all.error());
  for (const ControlView& one : *all)
    if (one.measure == "freeze" && one.owner == owner) return std::optional(one);
  return std::optional<ControlView>();
}

struct Act {
  const char* measure;  // pause or freeze
  bool imposes;         // else it lifts
};

ledger::Stored<ledger::Rows> order_it(ledger::Connection& connection, const Target& target, const Asker& who,
                                      const ControlArgs& args, Act act) {
  const bool freezes = std::string_view(act.measure) == "freeze";
  if (act.imposes && !freezes && is_halt(target.scope))
    return connection.call(
        halt_statement,
        Parameters().add(target.owner).add(target.scope).add(target.target).add(who.name).add(args.why));
  Parameters key = Parameters()
                       .add(target.owner)
                       .add(act.measure)
                       .add(freezes ? "" : target.scope)
                       .add(freezes ? "" : target.target);
  if (act.imposes) key.add(freezes ? args.level : "");
  return connection.call(act.imposes ? impose_statement : lift_statement, key.add(who.name).add(args.why));
}

// Held jobs go back into the queue, a slice at a time; where this is cut short, `bursar up` goes on with it.
ledger::Stored<std::int64_t> free_held(ledger::Connection& connection) {
  ledger::jobs::JobAdmin admin(connection);
  std::int64_t all = 0;
  while (true) {
    const auto freed = admin.free_held();
    if (!freed) return freed;
    if (*freed == 0) return all;
    all += *freed;
  }
}

// One owner's part.
ledger::Stored<Imposed> impose_on(ledger::Connection& connection, const Target& target, const Asker& who,
                                  const ControlArgs& args, Act act) {
  const auto rows = order_it(connection, target, who, args, act);
  if (!rows) return machines::fail(rows.error());
  Imposed made{target.shown, rows->number(0, 0) != 0, rows->number(0, 0), is_halt(target.scope)};
  auto late = made.halts ? still_leased(connection, target) : on_their_way(connection, target);
  if (!late) return machines::fail(late.error());
  made.in_flight = std::move(*late);
  if (made.halts && !act.imposes)
    if (const auto freed = free_held(connection); !freed) return machines::fail(freed.error());
  if (made.changed || !act.imposes || std::string_view(act.measure) != "freeze") return made;
  auto standing = standing_freeze(connection, target.owner_name);
  if (!standing) return machines::fail(standing.error());
  made.standing = std::move(*standing);
  return made;
}

Outcome<Imposition> carry_out(const LedgerPlace& place, const Asker& who, const ControlArgs& args, Act act) {
  if (args.why.empty()) return no_reason_given();
  ledger::Connection connection(place.dsn);
  std::string why;
  const auto targets = targets_of(connection, args, act.imposes, why);
  if (!targets) return store_failure(place, targets.error());
  if (targets->empty()) return refuse(ErrorCode::not_found, why);
  Imposition made;
  for (const Target& target : *targets) {
    auto one = impose_on(connection, target, who, args, act);
    if (!one) {
      made.cut_short = store_error(place, one.error());
      return made;
    }
    made.done.push_back(std::move(*one));
  }
  return made;
}

ControlArgs of_owner(ControlArgs args) {
  args.scope = "owner";
  return args;
}

}  // namespace

Outcome<Imposition> pause(const LedgerPlace& place, const Asker& who, const ControlArgs& args) {
  return carry_out(place, who, args, {"pause", true});
}

Outcome<Imposition> resume(const LedgerPlace& place, const Asker& who, const ControlArgs& args) {
  return carry_out(place, who, args, {"pause", false});
}

Outcome<Imposition> freeze(const LedgerPlace& place, const Asker& who, const ControlArgs& args) {
  if (args.level != "entries+transfers" && args.level != "all")
    return refuse(ErrorCode::usage,
                  fmt::format("level `{}` is unknown; it is entries+transfers (exits still run) or all", args.level));
  return carry_out(place, who, of_owner(args), {"freeze", true});
}

Outcome<Imposition> unfreeze(const LedgerPlace& place, const Asker& who, const ControlArgs& args) {
  return carry_out(place, who, of_owner(args), {"freeze", false});
}

Outcome<std::vector<ControlView>> controls(const LedgerPlace& place) {
  ledger::Connection connection(place.dsn);
  auto found = ledger::books::Vaults(connection).controls();
  if (!found) return store_failure(place, found.error());
  return std::move(*found);
}

}  // namespace deploy::operations
