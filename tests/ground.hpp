// tests/ground.hpp: the ground that every test program stands on, made before its main: an empty home of its own, no
// default data folder, and nothing of what the caller's environment says of databases, data folders or credentials.
// Whoever looks for a default finds nothing, and a program that leaves something there fails.
// A case that is skipped says its name and its reason on one line.
#pragma once

#include <filesystem>
#include <string>

namespace tests {

// $HOME of this program and of every process that it starts; the default data folder would stand below it.
const std::filesystem::path& home();

// What stands in `folder`, a name a line; empty: nothing.
std::string left_in(const std::filesystem::path& folder);

}  // namespace tests
