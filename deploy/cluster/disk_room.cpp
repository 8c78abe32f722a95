#include "deploy/cluster/disk_room.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>

namespace deploy {

std::optional<std::int64_t> room_in(const std::filesystem::path& folder) {
  struct statvfs found {};
  if (statvfs(folder.c_str(), &found) != 0 || found.f_blocks == 0) return std::nullopt;
  return static_cast<std::int64_t>(found.f_bavail) * static_cast<std::int64_t>(found.f_frsize);
}

std::string why_full(const std::filesystem::path& folder, std::optional<std::int64_t> room) {
  if (!room || *room >= least_room) return {};
  return fmt::format("the disk of {} is full ({} MiB left)", folder.string(), *room >> 20);
}

}  // namespace deploy
