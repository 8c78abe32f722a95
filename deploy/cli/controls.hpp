// deploy/cli/controls.hpp: the words and the printing of `bursar pause`, `resume`, `freeze`, `unfreeze` and `controls`;
// what they do is in deploy/operations/controls.hpp. Each returns the exit code.
#pragma once

#include "deploy/cli/context.hpp"
#include "deploy/operations/controls.hpp"

namespace deploy {

class Commands;

using operations::ControlArgs;

int pause(const CommandContext& context, const ControlArgs& args);
int resume(const CommandContext& context, const ControlArgs& args);
int freeze(const CommandContext& context, const ControlArgs& args);
int unfreeze(const CommandContext& context, const ControlArgs& args);
// What is in force.
int show_controls(const CommandContext& context);

// `bursar pause`, `resume`, `freeze`, `unfreeze` and `controls`.
void add_control_commands(Commands& commands);

}  // namespace deploy
