// deploy/cluster/folder.hpp: the data folder: who may own it, what it must look like, and the lock that keeps two
// runs apart. Touches nothing of a folder that it refuses.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "machines/core/result.hpp"

namespace deploy {

// Why something could not start, in one line that says what, where and what to do, and the exit code that fits.
struct ClusterError {
  std::string text;
  int exit_code = 1;  // 2: the user's arguments or folder; 1: this machine
};
template <class T>
using Clustered = machines::Result<T, ClusterError>;

// The lock on DIR/lock; the kernel drops it when this process ends, however it ends. Children never inherit it.
class FolderLock {
 public:
  // Errors (exit code 2): the folder is in use by another process, which is named.
  static Clustered<FolderLock> take(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// Why root must not follow this absolute path: another user owns, or may replace, a name on the way. Nothing when
// no other user may, and nothing when this is not root: then what the kernel lets us reach is ours to reach.
std::optional<std::string> not_ours_to_follow(const std::filesystem::path& path);

// Makes the folder and its parents where they are missing (0711 for root, else 0700, whatever the umask) with its
// subfolders keys (0700) and log (0700), and checks the one that exists: a folder of ours by its marker file, owned by
// this user. Returns its absolute path. Errors (exit code 2): a file, not ours, owned by someone else, not empty
// without our marker, or a parent that the user `postgres` can't traverse, or a name on the way that another user may
// set, when this is root.
Clustered<std::filesystem::path> open_folder(const std::filesystem::path& folder);

}  // namespace deploy
