// deploy/cluster/log_file.hpp: logs that children write for ever, kept within a bound: NAME is the newest, NAME.1 the
// one before. Touches nothing but those names.
#pragma once

#include <cstdint>
#include <filesystem>

namespace deploy {

struct LogLimits {
  std::int64_t bytes = 16 << 20;  // of one file, before it is set aside
  int files = 3;                  // set aside and kept, the newest of them; 0: none
};

// Where the log has grown beyond its limit: sets what it holds aside and empties it. A process that writes to it
// (appending: see ProcessSpec::log_file) goes on in the same file; a line that is written in the very moment may be
// lost. With this once a second a log takes (files + 1) times its limit, and what a second brings. A disk without room
// costs the old lines, never the bound. REQUIRES: the folder is ours alone.
void keep_log_short(const std::filesystem::path& log, const LogLimits& limits);

}  // namespace deploy
