// deploy/cluster/disk_room.hpp: whether a house stands because its disk is full. Reads the file system, nothing else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace deploy {

// What PostgreSQL needs at once for its next piece of write-ahead log, twice.
inline constexpr std::int64_t least_room = 32 << 20;  // bytes

// Bytes that this user may still write there; nothing where the file system does not say.
std::optional<std::int64_t> room_in(const std::filesystem::path& folder);
// "the disk of FOLDER is full (3 MiB left): ...", or empty where there is room enough, or `room` is not
// known.
std::string why_full(const std::filesystem::path& folder, std::optional<std::int64_t> room);

}  // namespace deploy
