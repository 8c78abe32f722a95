#include "deploy/cli/controls.hpp"

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "deploy/cli/commands.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/env/times.hpp"

namespace deploy {

using ledger::env::utc;
using operations::Imposed;
using operations::Imposition;
using operations::Outcome;

namespace {

using nlohmann::ordered_json;

constexpr const char* halted =
    "is paused: nothing of it is dispatched; its timers stay, and fire after `bursar resume`";

// What is said of an act.
struct Words {
  const char* command;
  bool imposes;
  const char* done;     // "is paused"
  const char* already;  // "was paused already"; "": what stands is said
};

ordered_json json_of(const Imposed& one) {
  ordered_json json = {
      {"what", one.what}, {"changed", one.changed}, {"machine", one.machine}, {"in_flight", ordered_json::array()}};
  for (const auto& late : one.in_flight)
    json["in_flight"].push_back(
        one.halts
            ? ordered_json{{"machine", late.machine},
                           {"kind", late.kind},
                           {"command", late.command},
                           {"state", late.state}}
            : ordered_json{
                  {"machine", late.machine}, {"sleeve", late.sleeve}, {"side", late.side}, {"state", late.state}});
  return json;
}

std::string sentence_of(const Imposed& one, const Words& words) {
  if (one.changed) return one.halts && words.imposes ? halted : words.done;
  if (*words.already != '\0') return words.already;
  if (!one.standing) return "was frozen already";  // and is not any more
  return fmt::format("is already frozen at level {} since {}, by {}: {}", one.standing->level, one.standing->wall_at,
                     one.standing->who, one.standing->why);
}

void print(const Imposed& one, const Words& words) {
  print_text("{} {}\n", one.what, sentence_of(one, words));
  if (!words.imposes) return;
  for (const auto& late : one.in_flight)
    if (one.halts)
      print_text("  in flight: {} of {} {}, {}\n", late.command, late.kind, late.machine, late.state);
    else
      print_text("  on its way: order {} of {}, {}, {}\n", late.machine, late.sleeve, late.side, late.state);
}

int answer(const CommandContext& context, const Outcome<Imposition>& made, const Words& words) {
  if (!made) return complain(context, words.command, made.error());
  bool changed = false;
  for (const Imposed& one : made->done) changed = changed || one.changed;
  const bool is_in_vain = !changed && !words.imposes && !made->cut_short;
  if (is_in_vain) put_error(context, ErrorCode::refused, fmt::format("{}: nothing changed", words.command));
  const int code = made->cut_short ? complain(context, words.command, *made->cut_short) : is_in_vain ? 1 : 0;
  for (const Imposed& one : made->done)
    if (context.json)
      std::cout << json_of(one).dump() << "\n";
    else
      print(one, words);
  return code;
}

}  // namespace

int pause(const CommandContext& context, const ControlArgs& args) {
  return answer(context, operations::pause(context, asker(), args),
                {"pause", true, "is paused: no new buys; what is open leaves by its own rules", "was paused already"});
}

int resume(const CommandContext& context, const ControlArgs& args) {
  return answer(context, operations::resume(context, asker(), args), {"resume", false, "is resumed", "was not paused"});
}

int freeze(const CommandContext& context, const ControlArgs& args) {
  const char* done =
      args.level == "all" ? "is frozen: nothing leaves" : "is frozen: no buys, no transfers; exits still run";
  return answer(context, operations::freeze(context, asker(), args), {"freeze", true, done, ""});
}

int unfreeze(const CommandContext& context, const ControlArgs& args) {
  return answer(context, operations::unfreeze(context, asker(), args),
                {"unfreeze", false, "is no longer frozen", "was not frozen"});
}

int show_controls(const CommandContext& context) {
  const auto controls = operations::controls(context);
  if (!controls) return complain(context, "controls", controls.error());
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
