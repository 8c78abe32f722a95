// schemas/config/state_map.hpp: which state of a new machine version each state of the old one becomes: a TOML file
// with one table, [states], old = "new". Nothing throws.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "schemas/config/config.hpp"

namespace schemas::config {

using StateMap = std::map<std::string, std::string>;

// The map of a text, at least one pair; whether the states exist is the caller's to ask (machines/catalog). Errors: no
// TOML, another table than [states], none of it, a value that is no text; for a file also: it can't be read, or has
// more than 1,000,000 bytes.
machines::Result<StateMap, ConfigError> parse_state_map(std::string_view toml, const std::string& file_name);
machines::Result<StateMap, ConfigError> load_state_map(const std::filesystem::path& file);

}  // namespace schemas::config
