#include "deploy/cluster/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include "deploy/cluster/process.hpp"

namespace deploy {
namespace {

namespace fs = std::filesystem;
constexpr const char* marker_name = "bursar-data";
constexpr const char* marker_text = "A data folder of Bursar, format 1. Its ledger lives in the subfolder postgres.\n";

template <class... Parts>
machines::Failure<ClusterError> refuse(fmt::format_string<Parts...> text, Parts&&... parts) {
  return {ClusterError{fmt::format(text, std::forward<Parts>(parts)...), 2}};
}

mode_t folder_mode() { return geteuid() == 0 ? 0711 : 0700; }

// Those that are missing get the mode of the folder itself, whatever the umask: postgres has to pass through them.
std::optional<ClusterError> make_parents(const fs::path& folder) {
  const fs::path parent = folder.parent_path();
  std::error_code error;
  if (parent == folder || fs::exists(parent, error)) return std::nullopt;
  if (auto refused = make_parents(parent)) return refused;
  if (mkdir(parent.c_str(), folder_mode()) == 0 && chmod(parent.c_str(), folder_mode()) == 0) return std::nullopt;
  return ClusterError{
      fmt::format("can't make the folder {}: {}; choose another --data-dir", parent.string(), strerror(errno)), 2};
}

bool holds_nothing(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().filename() != "lost+found") return false;
  return true;
}

std::optional<ClusterError> check_existing(const fs::path& folder, const struct stat& found) {
  const auto because = [&](const std::string& why) {
    return ClusterError{fmt::format("{} {}; choose another --data-dir", folder.string(), why), 2};
  };
  if (!S_ISDIR(found.st_mode)) return because("is not a folder");
  if (found.st_uid != geteuid())
    return because(
        fmt::format("belongs to {0}, and this is {1}; run it as {0}; a copy is handed over by chown -R {1}: {2}",
                    user_name(found.st_uid), user_name(geteuid()), folder.string()));
  std::error_code error;
  if (!fs::exists(folder / marker_name, error) && !holds_nothing(folder))
    return because("is not empty and not a data folder of Bursar");
  return std::nullopt;
}

// The files of earlier versions were for all to read.
void close_files(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.symlink_status(ignored).type() == fs::file_type::regular)
      fs::permissions(entry.path(), fs::perms::group_all | fs::perms::others_all, fs::perm_options::remove, ignored);
}

std::optional<ClusterError> make_subfolders(const fs::path& folder) {
  for (const char* name : {"keys", "log"}) {
    const fs::path path = folder / name;
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
      return ClusterError{fmt::format("can't make {}: {}", path.string(), strerror(errno)), 2};
    if (chmod(path.c_str(), 0700) != 0)
      return ClusterError{fmt::format("can't close {} to others: {}", path.string(), strerror(errno)), 2};
  }
  close_files(folder);
  const fs::path marker = folder / marker_name;
  if (std::error_code error; fs::exists(marker, error)) return std::nullopt;
  const int file = open(marker.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const std::string_view text = marker_text;
  const bool written = file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (file >= 0) close(file);
  if (!written) return ClusterError{fmt::format("can't write {}: {}", marker.string(), strerror(error)), 2};
  return std::nullopt;
}

std::vector<std::string> chain_of(const fs::path& folder) {
  std::vector<std::string> chain;
  fs::path walked;
  for (const auto& part : folder) {
    walked /= part;
    chain.push_back(walked.string());
  }
  return chain;
}

// Whether somebody else may set names in it; a sticky folder keeps each name for its owner.
enum class Writers { we_alone, each_its_own, others };
Writers writers_of(const struct stat& folder) {
  if (folder.st_uid != 0 && folder.st_uid != geteuid()) return Writers::others;
  const bool by_others = (folder.st_mode & S_IWOTH) != 0 || ((folder.st_mode & S_IWGRP) != 0 && folder.st_gid != 0);
  if (!by_others) return Writers::we_alone;
  return (folder.st_mode & S_ISVTX) != 0 ? Writers::each_its_own : Writers::others;
}

std::optional<std::string> target_of_link(const fs::path& link) {
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  return error ? std::nullopt : std::optional(target.string());
}

// The first folder on the way that the user can't pass, asked of the kernel as that user; nothing when all can be.
std::optional<std::string> blocked_for(const Identity& user, const fs::path& folder) {
  const std::vector<std::string> chain = chain_of(folder);
  constexpr std::size_t most = 100;  // an answer is an exit code
  const int code = do_as(user, [&] {
    for (std::size_t i = 0; i < chain.size() && i < most; ++i)
      if (access(chain[i].c_str(), X_OK) != 0 && errno == EACCES) return 150 + static_cast<int>(i);
    return 0;
  });
  // Anything else: PostgreSQL's own error tells then.
  return code < 150 ? std::nullopt : std::optional(chain[static_cast<std::size_t>(code) - 150]);
}

// `way` is the part of `folder` that must be passable; root only, for then PostgreSQL runs as another user.
std::optional<ClusterError> check_way(const fs::path& way, const fs::path& folder) {
  if (geteuid() != 0) return std::nullopt;
  const auto postgres = find_user("postgres");
  if (!postgres) return std::nullopt;  // PostgreSQL absent: said by whoever needs it
  const auto blocked = blocked_for(*postgres, way);
  if (!blocked) return std::nullopt;
  return ClusterError{fmt::format("the user postgres can't pass through {}, which is on the way to the data folder {}; "
                                  "run `chmod o+x {}` or choose another --data-dir",
                                  *blocked, folder.string(), *blocked),
                      2};
}

std::string holder_of(int descriptor) {
  std::array<char, 32> text{};
  if (pread(descriptor, text.data(), text.size() - 1, 0) <= 0) return "another process";
  return fmt::format("process {}", strtol(text.data(), nullptr, 10));
}

}  // namespace

std::optional<std::string> not_ours_to_follow(const fs::path& path) {
  if (geteuid() != 0) return std::nullopt;
  constexpr int most_steps = 4096;  // links may go round
  fs::path at = path.root_path();
  fs::path rest = path.relative_path();
  for (int step = 0; step < most_steps && !rest.empty(); ++step) {
    struct stat folder {
    }, name{};
    const fs::path next = at / *rest.begin();
    fs::path after;
    for (auto part = std::next(rest.begin()); part != rest.end(); ++part) after /= *part;
    if (lstat(at.c_str(), &folder) != 0) return std::nullopt;  // said by whoever needs it
    const Writers writers = writers_of(folder);
    if (writers == Writers::others)
      return fmt::format("names in {}, which is on the way to {}, may be set by {}", at.string(), path.string(),
                         folder.st_uid == 0 || folder.st_uid == geteuid() ? "others" : user_name(folder.st_uid));
    if (lstat(next.c_str(), &name) != 0) return std::nullopt;
    if (writers == Writers::each_its_own && name.st_uid != 0 && name.st_uid != geteuid())
      return fmt::format("{}, which is on the way to {}, belongs to {}", next.string(), path.string(),
                         user_name(name.st_uid));
    at = next;
    rest = after;
    const auto target = S_ISLNK(name.st_mode) ? target_of_link(next) : std::nullopt;
    if (!target) continue;
    at = fs::path(*target).is_absolute() ? path.root_path() : next.parent_path();
    rest = fs::path(*target).relative_path() / after;
  }
  return std::nullopt;
}

Clustered<FolderLock> FolderLock::take(const fs::path& folder) {
  const fs::path path = folder / "lock";
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return refuse("can't open {}: {}", path.string(), strerror(errno));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = holder_of(descriptor);
    close(descriptor);
    return refuse("the data folder {} is in use by {}; stop that run first or choose another --data-dir",
                  folder.string(), holder);
  }
  const std::string pid = fmt::format("{}\n", getpid());
  const bool written = ftruncate(descriptor, 0) == 0 &&
                       pwrite(descriptor, pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
  if (!written) {
    close(descriptor);
    return refuse("can't write {}: {}", path.string(), strerror(errno));
  }
  return FolderLock(descriptor);
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

Clustered<fs::path> open_folder(const fs::path& given) {
  std::error_code error;
  fs::path folder = fs::absolute(given, error).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  if (const auto why = not_ours_to_follow(folder))
    return refuse("{}; choose another --data-dir, on a way that root alone may change", *why);
  if (auto refused = check_way(folder.parent_path(), folder)) return machines::fail(*refused);
  struct stat found {};
  if (stat(folder.c_str(), &found) == 0) {
    if (auto refused = check_existing(folder, found)) return machines::fail(*refused);
  } else if (errno == ENOENT) {
    if (auto refused = make_parents(folder)) return machines::fail(*refused);
    if (mkdir(folder.c_str(), folder_mode()) != 0)
      return refuse("can't make the data folder {}: {}; choose another --data-dir", folder.string(), strerror(errno));
  } else {
    return refuse("can't reach the data folder {}: {}; choose another --data-dir", folder.string(), strerror(errno));
  }
  if (chmod(folder.c_str(), folder_mode()) != 0)
    return refuse("can't set the mode of {}: {}", folder.string(), strerror(errno));
  if (auto refused = check_way(folder, folder)) return machines::fail(*refused);
  if (auto refused = make_subfolders(folder)) return machines::fail(*refused);
  return folder;
}

}  // namespace deploy
