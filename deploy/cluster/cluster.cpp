#include "deploy/cluster/cluster.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <utility>

#include "deploy/cluster/logins.hpp"
#include "deploy/cluster/process.hpp"
#include "ledger/store/connection.hpp"

namespace deploy {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
constexpr milliseconds look_again{20};

pid_t pid_in(const fs::path& data) {
  const auto text = read_plain(data / "postmaster.pid");
  return text ? static_cast<pid_t>(std::atoi(text->c_str())) : 0;
}

// The process in postmaster.pid when it lives, is the cluster's user's, and works in this very data folder; none else.
// A stale file, even one whose number another program has by now, is PostgreSQL's own to clear; and whoever wrote the
// number must not choose whom we end. The handle comes first, so that what is looked at is what will be signalled.
ProcessHandle server_left_in(const fs::path& data, const std::optional<Identity>& user) {
  ProcessHandle found(pid_in(data));
  if (found.pid() == 0) return {};
  const std::string process = fmt::format("/proc/{}", found.pid());
  struct stat status {};
  if (stat(process.c_str(), &status) != 0 || status.st_uid != (user ? user->uid : geteuid())) return {};
  std::error_code error;
  const fs::path works_in = fs::read_symlink(process + "/cwd", error);
  if (error || !fs::equivalent(works_in, data, error) || !found.signal(0)) return {};
  return found;
}

// A zombie has ended, whoever is to reap it; so has one whose memory the kernel has taken (no command line any more).
bool is_alive(pid_t pid) {
  std::ifstream stat_file(fmt::format("/proc/{}/stat", pid));
  std::string text;
  if (!std::getline(stat_file, text)) return false;
  const auto after_name = text.rfind(')');
  if (after_name == std::string::npos || after_name + 2 >= text.size() || text[after_name + 2] == 'Z') return false;
  std::ifstream command_line(fmt::format("/proc/{}/cmdline", pid));
  return command_line.peek() != std::ifstream::traits_type::eof();
}

// Whether a start that failed with these words will work in a moment. The backends of a killed server hold its memory
// until they notice; its lock file counts until its last parent has reaped it.
bool passes_by_itself(const std::string& words, const fs::path& data) {
  if (words.find("shared memory block") != std::string::npos) return true;
  return words.find("lock file \"postmaster.pid\" already exists") != std::string::npos && !is_alive(pid_in(data));
}

std::uintmax_t size_of(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  return error ? 0 : size;
}

// What the server that began to write at `from` said last: its first FATAL or PANIC line, else its last line.
std::string last_words(const fs::path& log, std::uintmax_t from) {
  std::ifstream file(log);
  file.seekg(static_cast<std::streamoff>(from <= size_of(log) ? from : 0));  // the log was emptied since
  std::string line;
  std::string last = "it said nothing";
  while (std::getline(file, line)) {
    if (line.find("FATAL") != std::string::npos || line.find("PANIC") != std::string::npos) return line;
    if (!line.empty()) last = line;
  }
  return last;
}

// Quoted for a libpq connection string.
std::string in_dsn(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

int version_of(const fs::path& data) {
  const auto text = read_plain(data / "PG_VERSION");
  return text ? std::atoi(text->c_str()) : 0;
}

machines::Failure<ClusterError> interrupted() {
  return {ClusterError{"interrupted while PostgreSQL was starting; nothing is lost, the same command goes on", 1}};
}

// A server refuses a folder that is not its user's, in words that name no remedy. So is one that root copied.
std::optional<ClusterError> check_owner(const fs::path& data, const std::optional<Identity>& user) {
  struct stat found {};
  const uid_t runs_as = user ? user->uid : geteuid();
  if (stat(data.c_str(), &found) != 0 || found.st_uid == runs_as) return std::nullopt;
  const std::string name = user_name(runs_as);
  return ClusterError{fmt::format("{} belongs to {}, and PostgreSQL runs as {} here; after copying a data folder run: "
                                  "chown -R {}: {}",
                                  data.string(), user_name(found.st_uid), name, name, data.string()),
                      2};
}

}  // namespace

Clustered<Cluster> Cluster::open(const fs::path& folder, ClusterOptions options) {
  const ClusterPaths paths = ClusterPaths::below(folder);
  if (const auto fits = check_socket_path(paths); !fits) return machines::fail(fits.error());
  const auto user = cluster_user();
  if (!user) return machines::fail(user.error());
  const int version = version_of(paths.data);
  const auto binaries = find_postgres(version);
  if (!binaries) return machines::fail(binaries.error());
  if (version == 0) {
    if (const auto made = make_cluster(paths, *binaries, *user); !made) return machines::fail(made.error());
  }
  if (const auto refused = check_owner(paths.data, *user)) return machines::fail(*refused);
  if (options.gives_up()) return interrupted();
  Cluster cluster(folder, *binaries, *user, std::move(options));
  if (version == 0 || !has_passwords(folder))
    if (const auto given = cluster.give_passwords(); !given) return machines::fail(given.error());
  if (const auto running = cluster.adopt_or_start(); !running) return machines::fail(running.error());
  return cluster;
}

Cluster::Cluster(fs::path folder, fs::path binaries, std::optional<Identity> user, ClusterOptions options)
    : folder_(std::move(folder)),
      paths_(ClusterPaths::below(folder_)),
      binaries_(std::move(binaries)),
      user_(std::move(user)),
      options_(std::move(options)) {}

Cluster::~Cluster() { stop(); }
Cluster::Cluster(Cluster&& other) noexcept
    : folder_(std::move(other.folder_)),
      paths_(std::move(other.paths_)),
      binaries_(std::move(other.binaries_)),
      user_(std::move(other.user_)),
      options_(std::move(other.options_)),
      server_(std::move(other.server_)),
      adopted_(other.adopted_),
      ready_(other.ready_),
      was_killed_(other.was_killed_),
      log_from_(other.log_from_),
      restarts_(other.restarts_) {}
Cluster& Cluster::operator=(Cluster&& other) noexcept {
  if (this == &other) return *this;
  stop();
  folder_ = std::move(other.folder_);
  paths_ = std::move(other.paths_);
  binaries_ = std::move(other.binaries_);
  user_ = std::move(other.user_);
  options_ = std::move(other.options_);
  server_ = std::move(other.server_);
  adopted_ = other.adopted_;
  ready_ = other.ready_;
  was_killed_ = other.was_killed_;
  log_from_ = other.log_from_;
  restarts_ = other.restarts_;
  return *this;
}

Clustered<machines::Nothing> Cluster::give_passwords() {
  server_ = server_left_in(paths_.data, user_);
  adopted_ = pid() != 0;
  stop();
  adopted_ = false;
  if (auto written = write_settings(paths_, user_, options_.extra); !written) return written;
  return make_passwords(folder_, binaries_, user_);
}

Clustered<machines::Nothing> Cluster::adopt_or_start() {
  server_ = server_left_in(paths_.data, user_);
  adopted_ = pid() != 0;
  if (adopted_) {
    // It may be on its way out: its starter died a moment ago.
    const auto until = steady_clock::now() + options_.ready_within;
    while (!has_ended() && steady_clock::now() < until) {
      if (answers()) {
        ready_ = true;
        return machines::Nothing{};
      }
      if (!refused_.empty()) return machines::fail(ClusterError{refused_, 1});
      if (options_.gives_up()) return interrupted();
      std::this_thread::sleep_for(look_again);
    }
    if (!has_ended())
      return machines::fail(ClusterError{
          fmt::format("a PostgreSQL that an earlier run left (process {}) neither answers nor ends; see {}", pid(),
                      paths_.log.string()),
          1});
    adopted_ = false;
  }
  if (const auto started = start(); !started) return started;
  return wait_until_ready();
}

Clustered<machines::Nothing> Cluster::start() {
  server_ = {};
  adopted_ = false;
  ready_ = false;
  if (const auto written = write_settings(paths_, user_, options_.extra); !written) return written;
  keep_log_short(paths_.log, options_.log);
  log_from_ = size_of(paths_.log);
  ProcessSpec spec;
  spec.argv = {(binaries_ / "postgres").string(), "-D", paths_.data.string()};
  spec.environment = server_environment();
  spec.inherits_environment = false;
  spec.run_as = user_;
  spec.log_file = paths_.log.string();
  spec.death_signal = SIGINT;  // a fast shutdown
  const auto started = spawn(spec);
  if (!started) return machines::fail(ClusterError{started.error(), 1});
  server_ = ProcessHandle(*started);
  return machines::Nothing{};
}

Clustered<machines::Nothing> Cluster::wait_until_ready() {
  const auto until = steady_clock::now() + options_.ready_within;
  while (!answers()) {
    if (steady_clock::now() > until)
      return machines::fail(ClusterError{fmt::format("PostgreSQL was not ready within {} s; see {}",
                                                     options_.ready_within.count(), paths_.log.string()),
                                         1});
    if (!refused_.empty()) return machines::fail(ClusterError{refused_, 1});
    if (options_.gives_up()) return interrupted();
    std::this_thread::sleep_for(look_again);
    if (!has_ended()) continue;
    server_ = {};
    const std::string words = last_words(paths_.log, log_from_);
    if (!was_killed_ && !passes_by_itself(words, paths_.data))
      return machines::fail(
          ClusterError{fmt::format("PostgreSQL ended while starting: {} ({})", words, paths_.log.string()), 1});
    std::this_thread::sleep_for(10 * look_again);
    if (const auto started = start(); !started) return started;
  }
  ready_ = true;
  return machines::Nothing{};
}

bool Cluster::answers() {
  struct stat found {};
  if (stat(paths_.socket().c_str(), &found) != 0) return false;
  ledger::Connection connection(dsn() + " target_session_attrs=any");  // a standby is ready too
  const auto connected = connection.connect();
  if (!connected && connected.error().cause == ledger::StoreCause::wrong_password)
    refused_ = fmt::format(
        "the passwords in {} are not those of this PostgreSQL; move that file aside, and the next start "
        "makes new ones",
        password_file(folder_).string());
  return connected.has_value();
}

bool Cluster::has_ended() {
  if (pid() == 0) return true;
  if (adopted_) return !server_.signal(0) || !is_alive(pid());
  int status = 0;
  const pid_t reaped = waitpid(pid(), &status, WNOHANG);
  was_killed_ = reaped == pid() && WIFSIGNALED(status);
  return reaped == pid() || (reaped < 0 && errno == ECHILD);
}

std::string Cluster::dsn(const std::string& database, const std::string& role) const {
  std::string secret = " passfile=" + in_dsn(password_file(folder_).string());
  if (role != cluster_logins[0]) {
    const auto password = password_of(folder_, role);
    secret = password ? " password=" + in_dsn(*password) : "";
  }
  return fmt::format("host={} dbname={} user={}{}{}", in_dsn(paths_.sockets.string()), in_dsn(database), in_dsn(role),
                     secret, peer_of(user_ ? user_->uid : geteuid()));
}

Clustered<Health> Cluster::watch() {
  if (has_ended()) {
    if (const auto started = start(); !started) return machines::fail(started.error());
    ++restarts_;
    return Health::restarted;
  }
  keep_log_short(paths_.log, options_.log);
  if (!ready_) ready_ = answers();
  return ready_ ? Health::ready : Health::starting;
}

bool Cluster::wait_for_end(milliseconds within) {
  const auto until = steady_clock::now() + within;
  while (!has_ended()) {
    if (steady_clock::now() > until) return false;
    std::this_thread::sleep_for(look_again);
  }
  return true;
}

void Cluster::stop() {
  if (pid() == 0) return;
  if (!has_ended()) {
    server_.signal(SIGINT);
    if (!wait_for_end(options_.stop_within)) {
      server_.signal(SIGQUIT);
      if (!wait_for_end(options_.stop_within)) {
        server_.signal(SIGKILL);
        wait_for_end(options_.stop_within);
      }
    }
  }
  server_ = {};
  ready_ = false;
}

}  // namespace deploy
