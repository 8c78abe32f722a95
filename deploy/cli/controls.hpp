// deploy/cli/controls.hpp: the commands that stop: pause and resume (no new buys in a scope, or no
// dispatch of a kind or an instance), freeze and unfreeze
// (nothing leaves). They take effect before they return: no decision that did not know commits after them.
#pragma once

#include <string>

#include "deploy/cli/context.hpp"

namespace deploy {

class Commands;

struct ControlArgs {
  std::string owner = "default", scope, name, why;  // all, owner, venue, vault, sleeve; kind, instance
  std::string level = "entries+transfers";          // of a freeze
};

int pause(const CommandContext& context, const ControlArgs& order);
int resume(const CommandContext& context, const ControlArgs& order);
int freeze(const CommandContext& context, const ControlArgs& order);
int unfreeze(const CommandContext& context, const ControlArgs& order);
// What is in force.
int show_controls(const CommandContext& context);

// `bursar pause`, `resume`, `freeze`, `unfreeze` and `controls`.
void add_control_commands(Commands& commands);

}  // namespace deploy
