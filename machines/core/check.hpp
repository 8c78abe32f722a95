// machines/core/check.hpp: CHECK, our one macro: a broken promise inside our own code ends the process.
// Always on. Never for input, refusals or outside failures: those are values (Result). Start-up is recovery.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace machines {
// What CHECK calls; no other caller.
[[noreturn]] inline void check_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, what);
  std::abort();
}
}  // namespace machines

// Evaluates x once. False: prints the file, the line and the text of x to standard error, then abort().
#define CHECK(x) ((x) ? static_cast<void>(0) : ::machines::check_failed(#x, __FILE__, __LINE__))
