#include "deploy/cluster/confine.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace deploy {
namespace {

constexpr __u64 truncate_right = 1ULL << 14;  // since the third version, which older headers do not know
constexpr __u64 of_files = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | truncate_right;
constexpr __u64 reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr __u64 writing =
    of_files | reading | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK;
constexpr __u64 everything = writing | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                             LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                             LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

long version() { return syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION); }

// What is not there can't be opened anyway.
bool allow(int rules, const std::filesystem::path& path, __u64 rights) {
  const int place = open(path.c_str(), O_PATH | O_CLOEXEC);
  if (place < 0) return true;
  struct stat found {};
  const bool is_folder = fstat(place, &found) == 0 && S_ISDIR(found.st_mode);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = is_folder ? rights : rights & of_files;
  rule.parent_fd = place;
  const bool fine = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  close(place);
  return fine;
}

}  // namespace

bool can_confine() { return version() >= 1; }

bool confine_to(const Confines& confines) {
  const long newest = version();
  if (newest < 1) return false;
  const __u64 known = newest >= 3 ? everything : everything & ~truncate_right;
  landlock_ruleset_attr handled{};
  handled.handled_access_fs = known;
  const int rules = static_cast<int>(syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0));
  if (rules < 0) return false;
  bool fine = true;
  for (const auto& path : confines.readable) fine = fine && allow(rules, path, reading & known);
  for (const auto& path : confines.writable) fine = fine && allow(rules, path, writing & known);
  fine = fine && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
  close(rules);
  return fine;
}

std::vector<std::filesystem::path> system_files() {
  return {"/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev"};
}

}  // namespace deploy
