#include "deploy/cli/controls.hpp"

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "deploy/cli/commands.hpp"
#include "deploy/terminal/asker.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/books/vaults.hpp"
#include "ledger/env/times.hpp"
#include "ledger/jobs/job_admin.hpp"
#include "machines/catalog/catalog.hpp"

namespace deploy {

using ledger::env::utc;

namespace {

using ledger::Parameters;
using ledger::SqlStatement;
using nlohmann::ordered_json;

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
ledger::Stored<std::vector<Target>> halted_target(ledger::Connection& connection, const ControlArgs& order,
                                                  Target target, bool imposes, std::string& why) {
  const bool by_kind = order.scope == "kind";
  target.scope = order.scope;
  target.target = order.name;
  target.shown =
      fmt::format("{} {} of {}", by_kind ? "everything of kind" : "the instance", order.name, target.owner_name);
  if (!imposes) return std::vector<Target>{target};  // it may have ended since
  ledger::ArrayText with_jobs;                       // a kind whose jobs go to workers can be paused before it has any
  for (const std::string_view word : machines::catalog::words(machines::catalog::MovedBy::workers))
    with_jobs.add_text(word);
  const auto rows = by_kind ? connection.call(kinds_statement, Parameters().add(target.owner).add(with_jobs))
                            : connection.call(lives_statement, Parameters().add(target.owner).add(order.name));
  if (!rows) return machines::fail(rows.error());
  std::string kinds;
  for (int row = 0; row < rows->size(); ++row) {
    if (!by_kind || rows->text(row, 0) == order.name) return std::vector<Target>{target};
    kinds += (kinds.empty() ? "" : ", ") + std::string(rows->text(row, 0));
  }
  why = by_kind
            ? fmt::format("there is no machine `{}`; there are: {}", order.name, kinds)
            : fmt::format("{} has no live instance `{}`; `bursar machine list` shows them", order.owner, order.name);
  return std::vector<Target>{};
}

// What the order means, owner by owner; empty, and said, where it means nothing.
ledger::Stored<std::vector<Target>> targets_of(ledger::Connection& connection, const ControlArgs& order, bool imposes,
                                               std::string& why) {
  const auto owners = connection.call(owners_statement);
  if (!owners) return machines::fail(owners.error());
  std::vector<Target> targets;
  std::string known;
  for (int row = 0; row < owners->size(); ++row) {
    const std::string name(owners->text(row, 1));
    known += (known.empty() ? "" : ", ") + name;
    if (order.scope == "all" || name == order.owner)
      targets.push_back({owners->number(row, 0), name, "owner", "", "everything of " + name});
  }
  if (targets.empty())
    why = fmt::format("there is no owner `{}`; there are: {}", order.owner, known.empty() ? "none" : known);
  if (targets.empty() || order.scope == "all" || order.scope == "owner") return targets;
  if (is_halt(order.scope)) return halted_target(connection, order, targets.front(), imposes, why);
  Target& target = targets.front();
  target.scope = order.scope;
  target.shown = fmt::format("the {} {} of {}", order.scope, order.name, target.owner_name);
  const auto vaults = ledger::books::Vaults(connection).vaults(order.owner);
  if (!vaults) return machines::fail(vaults.error());
  std::string names;
  for (const auto& vault : *vaults) {
    if (order.scope == "venue" && vault.venue == order.name) target.target = order.name;
    if (order.scope == "vault" && vault.name == order.name) target.target = std::to_string(vault.id);
    if (order.scope != "sleeve")
      names += (names.empty() ? "" : ", ") + (order.scope == "venue" ? vault.venue : vault.name);
    for (const auto& sleeve : vault.sleeves) {
      if (order.scope == "sleeve" && sleeve.name == order.name) target.target = std::to_string(sleeve.id.value);
      if (order.scope == "sleeve") names += (names.empty() ? "" : ", ") + sleeve.name;
    }
  }
  if (!target.target.empty()) return targets;
  why = fmt::format("{} has no {} `{}`; there are: {}", order.owner, order.scope, order.name,
                    names.empty() ? "none" : names);
  return std::vector<Target>{};
}

ledger::Stored<bool> list_leased(ledger::Connection& connection, const Target& target, ordered_json& json) {
  const auto rows =
      connection.call(still_leased_statement, Parameters().add(target.owner).add(target.scope).add(target.target));
  if (!rows) return machines::fail(rows.error());
  for (int row = 0; row < rows->size(); ++row)
    json["in_flight"].push_back({{"machine", rows->number(row, 0)},
                                 {"kind", rows->text(row, 1)},
                                 {"command", rows->text(row, 2)},
                                 {"state", rows->text(row, 3)}});
  return true;
}

ledger::Stored<bool> print_in_flight(ledger::Connection& connection, const Target& target, ordered_json& json) {
  const auto rows = connection.call(in_flight_statement, Parameters().add(target.owner));
  if (!rows) return machines::fail(rows.error());
  for (int row = 0; row < rows->size(); ++row) {
    const auto data = ordered_json::parse(rows->text(row, 3), nullptr, false);
    const std::string side = data.is_object() ? data.value("side", "") : "";
    json["in_flight"].push_back({{"machine", rows->number(row, 0)},
                                 {"sleeve", rows->text(row, 1)},
                                 {"side", side},
                                 {"state", rows->text(row, 2)}});
  }
  return true;
}

// Another freeze of the owner stands in the way of this one: as strong, or stronger.
ledger::Stored<std::string> already_frozen(ledger::Connection& connection, const std::string& owner) {
  const auto controls = ledger::books::Vaults(connection).controls();
  if (!controls) return machines::fail(controls.error());
  for (const auto& one : *controls)
    if (one.measure == "freeze" && one.owner == owner)
      return fmt::format("is already frozen at level {} since {}, by {}: {}", one.level, one.wall_at, one.who, one.why);
  return std::string("was frozen already");  // and is not any more
}

constexpr const char* halted =
    "is paused: nothing of it is dispatched; its timers stay, and fire after `bursar resume`";

struct Act {
  const char* command;
  const char* measure;  // pause or freeze
  bool imposes;
  const char* done;     // "is paused"
  const char* already;  // "was paused already"; "": what stands is looked up
};

ledger::Stored<ledger::Rows> order_it(ledger::Connection& connection, const Target& target, const ControlArgs& order,
                                      const Act& act) {
  const bool freezes = std::string_view(act.measure) == "freeze";
  if (act.imposes && !freezes && is_halt(target.scope))
    return connection.call(
        halt_statement,
        Parameters().add(target.owner).add(target.scope).add(target.target).add(who_asks()).add(order.why));
  Parameters key = Parameters()
                       .add(target.owner)
                       .add(act.measure)
                       .add(freezes ? "" : target.scope)
                       .add(freezes ? "" : target.target);
  if (act.imposes) key.add(freezes ? order.level : "");
  return connection.call(act.imposes ? impose_statement : lift_statement, key.add(who_asks()).add(order.why));
}

// Held jobs go back into the queue, a slice at a time; where this is cut short, `bursar up` goes on with it.
ledger::Stored<std::int64_t> free_held(ledger::Connection& connection) {
  ledger::jobs::JobAdmin desk(connection);
  std::int64_t all = 0;
  while (true) {
    const auto freed = desk.free_held();
    if (!freed) return freed;
    if (*freed == 0) return all;
    all += *freed;
  }
}

int carry_out(const CommandContext& context, const ControlArgs& order, const Act& act) {
  if (order.why.empty())
    return wrong(context, fmt::format("{}: --why is missing: whoever reads the history wants to know", act.command));
  ledger::Connection connection(context.dsn);
  std::string why;
  const auto targets = targets_of(connection, order, act.imposes, why);
  if (!targets) return failed(context, act.command, targets.error());
  if (targets->empty()) return wrong(context, fmt::format("{}: {}", act.command, why));
  int changed = 0;
  for (const Target& target : *targets) {
    const auto rows = order_it(connection, target, order, act);
    if (!rows) return failed(context, act.command, rows.error());
    const bool is_new = rows->number(0, 0) != 0;
    changed += is_new;
    ordered_json json = {{"what", target.shown},
                         {"changed", is_new},
                         {"machine", rows->number(0, 0)},
                         {"in_flight", ordered_json::array()}};
    const bool halts = is_halt(target.scope);
    const auto listed = halts ? list_leased(connection, target, json) : print_in_flight(connection, target, json);
    if (!listed) return failed(context, act.command, listed.error());
    if (halts && !act.imposes)
      if (const auto freed = free_held(connection); !freed) return failed(context, act.command, freed.error());
    if (context.json) {
      std::cout << json.dump() << "\n";
      continue;
    }
    std::string said = !is_new ? act.already : halts && act.imposes ? halted : act.done;
    if (said.empty()) {
      auto standing = already_frozen(connection, target.owner_name);
      if (!standing) return failed(context, act.command, standing.error());
      said = std::move(*standing);
    }
    print_text("{} {}\n", target.shown, said);
    if (halts && act.imposes)
      for (const auto& one : json["in_flight"])
        print_text("  in flight: {} of {} {}, {}\n", one["command"].get<std::string>(), one["kind"].get<std::string>(),
                   one["machine"].dump(), one["state"].get<std::string>());
    else if (act.imposes)
      for (const auto& one : json["in_flight"])
        print_text("  on its way: order {} of {}, {}, {}\n", one["machine"].dump(), one["sleeve"].get<std::string>(),
                   one["side"].get<std::string>(), one["state"].get<std::string>());
  }
  return changed > 0 || act.imposes ? 0 : 1;
}

}  // namespace

int pause(const CommandContext& context, const ControlArgs& order) {
  return carry_out(
      context, order,
      {"pause", "pause", true, "is paused: no new buys; what is open leaves by its own rules", "was paused already"});
}

int resume(const CommandContext& context, const ControlArgs& order) {
  return carry_out(context, order, {"resume", "pause", false, "is resumed", "was not paused"});
}

int freeze(const CommandContext& context, const ControlArgs& order) {
  if (order.level != "entries+transfers" && order.level != "all")
    return wrong(context, fmt::format("freeze: level `{}` is unknown; it is entries+transfers (exits still run) or all",
                                      order.level));
  return carry_out(
      context, order,
      {"freeze", "freeze", true,
       order.level == "all" ? "is frozen: nothing leaves" : "is frozen: no buys, no transfers; exits still run", ""});
}

int unfreeze(const CommandContext& context, const ControlArgs& order) {
  return carry_out(context, order, {"unfreeze", "freeze", false, "is no longer frozen", "was not frozen"});
}

int show_controls(const CommandContext& context) {
  ledger::Connection connection(context.dsn);
  const auto controls = ledger::books::Vaults(connection).controls();
  if (!controls) return failed(context, "controls", controls.error());
  ordered_json json = ordered_json::array();
  if (!context.json && controls->empty()) print_text("nothing is paused or frozen\n");
  for (const auto& one : *controls) {
    if (context.json)
      json.push_back({{"owner", one.owner},
                      {"measure", one.measure},
                      {"scope", one.scope},
                      {"target", one.target},
                      {"level", one.level},
                      {"who", one.who},
                      {"why", one.why},
                      {"since", one.wall_at},
                      {"world_at", utc(one.since)}});
    else
      print_text("{}  {} {}{} of {}, by {}: {}\n", one.wall_at, one.measure,
                 one.measure == "freeze" ? one.level : one.scope, one.target.empty() ? "" : " " + one.target, one.owner,
                 one.who, one.why);
  }
  if (context.json) std::cout << json.dump() << "\n";
  return 0;
}

namespace {

using ControlAction = int (*)(const CommandContext&, const ControlArgs&);

void add_pause(Commands& commands, const char* name, const char* help, ControlAction act) {
  auto args = std::make_shared<ControlArgs>();
  CLI::App& command = commands.look(commands.program(), name, help,
                                    [args, act](const CommandContext& context) { return act(context, *args); });
  command.add_option("scope", args->scope, "sleeve, vault, venue, owner or all; kind or instance")
      ->required()
      ->check(CLI::IsMember({"sleeve", "vault", "venue", "owner", "all", "kind", "instance"}));
  command.add_option("name", args->name, "of the sleeve, vault, venue or kind; the number of the instance");
  command.add_option("--owner", args->owner, "default: default");
  command.add_option("--why", args->why, "kept in the history");
}

void add_freeze(Commands& commands, const char* name, const char* help, ControlAction act) {
  auto args = std::make_shared<ControlArgs>();
  args->scope = "owner";
  CLI::App& command = commands.look(commands.program(), name, help,
                                    [args, act](const CommandContext& context) { return act(context, *args); });
  if (act == freeze) command.add_option("--level", args->level, "entries+transfers (exits still run, default) or all");
  command.add_option("--owner", args->owner, "default: default");
  command.add_option("--why", args->why, "kept in the history");
}

}  // namespace

void add_control_commands(Commands& commands) {
  add_pause(commands, "pause", "no new buys in a scope (what is open leaves); or no dispatch of a kind or instance",
            pause);
  add_pause(commands, "resume", "lift a pause", resume);
  add_freeze(commands, "freeze", "nothing of an owner leaves", freeze);
  add_freeze(commands, "unfreeze", "lift a freeze", unfreeze);
  commands.look(commands.program(), "controls", "what is paused or frozen, by whom and why", show_controls);
}

}  // namespace deploy
