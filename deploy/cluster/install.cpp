#include "deploy/cluster/install.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace deploy {
namespace {

namespace fs = std::filesystem;

template <class... Parts>
machines::Failure<ClusterError> failed(fmt::format_string<Parts...> text, Parts&&... parts) {
  return {ClusterError{fmt::format(text, std::forward<Parts>(parts)...), 1}};
}

const PostgresSettings& our_settings() {
  static const PostgresSettings settings{
      {"listen_addresses", ""},
      {"unix_socket_permissions", "0700"},
      {"max_connections", "60"},
      {"shared_buffers", "256MB"},
      {"fsync", "on"},
      {"synchronous_commit", "on"},
      {"full_page_writes", "on"},
      {"wal_compression", "off"},
      {"max_wal_size", "2GB"},
      {"min_wal_size", "256MB"},
      {"checkpoint_timeout", "15min"},
      {"checkpoint_completion_target", "0.9"},
      {"wal_level", "replica"},
      {"max_wal_senders", "0"},
      {"jit", "off"},
      {"autovacuum_naptime", "10s"},
      {"autovacuum_vacuum_cost_delay", "0"},
      {"timezone", "UTC"},
      {"log_timezone", "UTC"},
      {"lc_messages", "C"},
      {"log_line_prefix", "%m [%p] %q%u@%d "},
      {"log_min_messages", "warning"},
      {"log_checkpoints", "off"},
      {"cluster_name", "bursar"},
  };
  return settings;
}

std::string quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += c;  // doubled
    text += c;
  }
  return text + "'";
}

// Written on the side and renamed, as the user that PostgreSQL runs as: the folder is that user's, and so is each name
// in it. What stands at the name beside, a link too, is removed and not followed.
Clustered<machines::Nothing> write_file(const fs::path& path, const std::string& text,
                                        const std::optional<Identity>& user) {
  const std::string side = path.string() + ".new";
  const int error = do_as(user, [&] {
    if (unlink(side.c_str()) != 0 && errno != ENOENT) return errno;
    const int file = open(side.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return errno;
    const bool fine = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
    const int why = errno;
    close(file);
    if (!fine) return why;
    return rename(side.c_str(), path.c_str()) == 0 ? 0 : errno;
  });
  if (error == 0) return machines::Nothing{};
  return failed("can't write {} (through {}): {}; PostgreSQL's user owns that folder: see what stands there",
                path.string(), side, strerror(error));
}

Clustered<machines::Nothing> append_to(const fs::path& path, const std::string& text,
                                       const std::optional<Identity>& user) {
  const int error = do_as(user, [&] {
    const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return errno;
    const bool fine = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int why = errno;
    close(file);
    return fine ? 0 : why;
  });
  if (error == 0) return machines::Nothing{};
  return failed("can't write {}: {}", path.string(), strerror(error));
}

// A folder of the cluster's user, closed to others. REQUIRES: its parent is ours alone.
Clustered<machines::Nothing> make_own_folder(const fs::path& path, const std::optional<Identity>& user) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return failed("can't make {}: {}", path.string(), strerror(errno));
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  const bool fine = folder >= 0 && fchmod(folder, 0700) == 0 && (!user || fchown(folder, user->uid, user->gid) == 0);
  const int error = errno;
  if (folder >= 0) close(folder);
  if (!fine) return failed("can't own {}: {}", path.string(), strerror(error));
  return machines::Nothing{};
}

std::string last_lines(const std::string& output) {
  std::string text = output;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto start = text.size() > 400 ? text.find('\n', text.size() - 400) : 0;
  text = text.substr(start == std::string::npos ? text.size() - 400 : start);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

bool holds_postgres(const fs::path& folder) {
  return access((folder / "postgres").c_str(), X_OK) == 0 && access((folder / "initdb").c_str(), X_OK) == 0;
}

}  // namespace

Clustered<fs::path> find_postgres(int version) {
  const char* named = std::getenv("BURSAR_POSTGRES");
  const fs::path installed = named != nullptr && *named != '\0' ? named : "/usr/lib/postgresql";
  std::error_code error;
  int best = 0;
  fs::path found;
  for (const auto& entry : fs::directory_iterator(installed, error)) {
    const int number = std::atoi(entry.path().filename().c_str());
    const bool wanted = version == 0 ? number >= oldest_postgres && number > best : number == version;
    if (!wanted || !holds_postgres(entry.path() / "bin")) continue;
    best = number;
    found = entry.path() / "bin";
  }
  if (!found.empty()) return found;
  const int wanted = version == 0 ? oldest_postgres : version;
  return failed(
      "PostgreSQL {} is not installed (no initdb and postgres below {}/{}/bin); install it "
      "with `apt-get install postgresql-{}`, or give a running one with --dsn",
      wanted, installed.string(), wanted, wanted);
}

Clustered<std::optional<Identity>> cluster_user() {
  if (geteuid() != 0) return std::optional<Identity>();
  if (auto user = find_user("postgres")) return std::optional<Identity>(std::move(user));
  return failed(
      "PostgreSQL does not run as root and there is no user postgres; install it with `apt-get install "
      "postgresql-{}`",
      oldest_postgres);
}

std::vector<std::string> server_environment() { return {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}; }

std::string peer_of(uid_t owner) {
  const std::string name = user_name(owner);
  return find_user(name) ? fmt::format(" requirepeer='{}'", name) : "";
}

std::optional<std::string> read_plain(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  struct stat found {};
  std::string text(1024, '\0');
  ssize_t got = -1;
  if (fstat(file, &found) == 0 && S_ISREG(found.st_mode)) got = read(file, text.data(), text.size());
  close(file);
  if (got < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(got));
  return text;
}

ClusterPaths ClusterPaths::below(const fs::path& folder) {
  return {folder / "postgres", folder / "pg", folder / "log" / "postgres.log"};
}

Clustered<machines::Nothing> check_socket_path(const ClusterPaths& paths) {
  const std::string path = paths.socket().string();
  constexpr std::size_t limit = 107;
  if (path.size() <= limit) return machines::Nothing{};
  return machines::fail(ClusterError{
      fmt::format("the path of PostgreSQL's socket has {} bytes and may have {}: {}; choose a shorter --data-dir",
                  path.size(), limit, path),
      2});
}

Clustered<machines::Nothing> make_cluster(const ClusterPaths& paths, const fs::path& binaries,
                                          const std::optional<Identity>& user) {
  const fs::path side = paths.data.string() + ".new";
  std::error_code error;
  fs::remove_all(side, error);  // by descriptors: a link in it is removed and not followed
  if (auto made = make_own_folder(side, user); !made) return made;
  ProcessSpec spec;
  spec.argv = {(binaries / "initdb").string(),
               "-D",
               side.string(),
               "-U",
               "bursar_owner",
               "--locale=C",
               "--encoding=UTF8",
               "--data-checksums",
               "--auth=reject",
               "--no-instructions"};
  spec.environment = server_environment();
  spec.inherits_environment = false;
  spec.run_as = user;
  const auto ran = run_to_end(spec);
  if (!ran) return failed("{}", ran.error());
  if (ran->exit.code != 0)
    return failed("initdb failed with {} in {}: {}", ran->exit.text, side.string(), last_lines(ran->output));
  const std::string include = "\ninclude = 'bursar.conf'  # written anew by bursar at each start\n";
  if (auto appended = append_to(side / "postgresql.conf", include, user); !appended) return appended;
  if (rename(side.c_str(), paths.data.c_str()) != 0)
    return failed("can't rename {}: {}", side.string(), strerror(errno));
  return machines::Nothing{};
}

Clustered<machines::Nothing> write_settings(const ClusterPaths& paths, const std::optional<Identity>& user,
                                            const PostgresSettings& extra) {
  if (auto made = make_own_folder(paths.sockets, user); !made) return made;
  std::string conf = "# Written by bursar at each start; a change here does not last.\n";
  conf += fmt::format("unix_socket_directories = {}\n", quoted(paths.sockets.string()));
  for (const auto* list : {&our_settings(), &extra})
    for (const auto& [name, value] : *list) conf += fmt::format("{} = {}\n", name, quoted(value));
  if (auto written = write_file(paths.data / "bursar.conf", conf, user); !written) return written;

  // No user of the operating system is anybody here: who comes in knows the password of a role (logins.hpp).
  const std::string by_us = "# Written by bursar at each start.\n";
  if (auto written = write_file(paths.data / "pg_ident.conf", by_us, user); !written) return written;
  return write_file(paths.data / "pg_hba.conf", by_us + "local all all scram-sha-256\n", user);
}

}  // namespace deploy
