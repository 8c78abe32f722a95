// deploy/terminal/streams.hpp: standard input, output and error as a process finds them: closed, full, or with a reader
// that has gone. None of it ends a house; a result that could not be written is a failure of the command.
#pragma once

#include <cstdio>
#include <string_view>

namespace deploy {

// Opens what is closed of 0 to 2 to /dev/null, so that no file of ours ever gets such a number; against the direction
// of its use, so that writing still fails, and is told. Call it first.
void open_closed_streams();

// Writes it, or does not: never throws, never ends the process (where SIGPIPE is ignored).
inline void write_text(std::FILE* to, std::string_view text) noexcept {
  (void)std::fwrite(text.data(), 1, text.size(), to);
}

// The exit code of a command that ended with `code`: 1 with a sentence on standard error where it would have been 0 and
// something of what it wrote to standard output did not arrive.
int after_output(int code);

}  // namespace deploy
