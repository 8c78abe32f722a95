// deploy/terminal/asker.hpp: who gives an order at this terminal, and what is said to a person who did not say why.
#pragma once

#include <string>

namespace deploy {

// Who gives an order: the name of the user behind this process, also behind sudo.
std::string who_asks();

// What every command that changes something says where it was not told why.
std::string no_why(const std::string& command);

}  // namespace deploy
