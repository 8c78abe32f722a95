// deploy/cluster/confine.hpp: a process gives up, for ever, all files but those that it needs (Linux' Landlock):
// code that takes it over later, even as the same user, opens no others, starts no program, and looks into no other
// process.
#pragma once

#include <filesystem>
#include <vector>

namespace deploy {

struct Confines {
  std::vector<std::filesystem::path> readable;  // files, or folders with all that is below them
  std::vector<std::filesystem::path> writable;  // folders: read, written, made and removed below them
};

// Whether this kernel can.
bool can_confine();

// The calling thread, and each that it starts from now on: call it before the first. A path that is not there is left
// out. False, and nothing is given up, where the kernel can't.
bool confine_to(const Confines& confines);

// What any program of this system reads: libraries, configuration, time zones, the kernel's own files.
std::vector<std::filesystem::path> system_files();

}  // namespace deploy
