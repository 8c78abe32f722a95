// deploy/cli/books/output_place.hpp: whether a command may write its result where a person says.
#pragma once

#include <optional>
#include <string>

namespace deploy {

// Why no file can be there, or nothing. For root also: another user may set a name on the way, links too.
std::optional<std::string> no_place(const std::string& output, const std::string& instead);

}  // namespace deploy
