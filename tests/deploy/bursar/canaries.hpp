// tests/deploy/bursar/canaries.hpp: secrets that must come out nowhere, and how to find them in any form: in a text, in
// a file, in the memory of a process (INV36).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace tests {

// Whoever finds one of these anywhere has found a leak.
inline const std::string canaries[] = {"CANARY0one0Qk3vJ8w2LrT5yH7z", "CANARY0two0Xp9sD4m6NbV1cG0f",
                                       "CANARY0tri0Rt2uE5o8WaS3dK4j"};

std::string hex_of(const std::string& bytes);
std::string sha256_of(const std::string& text);
// The middle of the text's base64 for each of the three ways that it may fall into groups of three bytes.
std::vector<std::string> base64_of(const std::string& text);

// The forms of a canary that a text holds, named; empty when it holds none.
std::string leaks_in(const std::string& text);

// What the memory of a process holds that a core file of it would; and what it holds that one would not. Only root may
// look into a process that forbids it.
struct Memory {
  std::string dumped, left_out;
};
Memory memory_of(pid_t pid);

}  // namespace tests
