#include "tests/support/server.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "deploy/cluster/logins.hpp"
#include "machines/core/check.hpp"
#include "tests/support/child.hpp"
#include "tests/support/cluster.hpp"

namespace tests {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void end_with(const std::string& why) {
  std::fprintf(stderr, "no server for this test: %s\n", why.c_str());
  std::exit(1);
}

deploy::ClusterOptions options_of(deploy::PostgresSettings extra) {
  deploy::ClusterOptions options;
  options.extra = {{"shared_buffers", "32MB"}, {"max_wal_senders", "5"}, {"wal_keep_size", "256MB"}};
  options.extra.insert(options.extra.end(), extra.begin(), extra.end());
  return options;
}

std::unique_ptr<deploy::Cluster> open_in(const fs::path& folder, deploy::PostgresSettings extra) {
  if (std::getenv("BURSAR_LIGHT") != nullptr) end_with(label_missing);
  auto started = deploy::Cluster::open(folder, options_of(std::move(extra)));
  if (!started) end_with(started.error().text);
  return std::make_unique<deploy::Cluster>(std::move(*started));
}

fs::path made(const fs::path& folder) {
  const auto opened = deploy::open_folder(folder);
  if (!opened) end_with(opened.error().text);
  return *opened;
}

// As PostgreSQL's own user, who alone may write below the folder.
void copy_from(const std::string& dsn, const fs::path& data) {
  const auto user = deploy::cluster_user();
  const auto binaries = deploy::find_postgres();
  if (!user || !binaries) end_with(user ? binaries.error().text : user.error().text);
  fs::create_directory(data);
  fs::permissions(data, fs::perms::owner_all);
  if (*user) CHECK(chown(data.c_str(), (*user)->uid, (*user)->gid) == 0);
  deploy::ProcessSpec spec;
  spec.argv = {
      (*binaries / "pg_basebackup").string(), "-D", data.string(), "-d", dsn, "-R", "-X", "stream", "-c", "fast"};
  spec.run_as = *user;
  const auto ran = deploy::run_to_end(spec);
  if (!ran || ran->exit.code != 0) end_with("pg_basebackup: " + (ran ? ran->output : ran.error()));
}

}  // namespace

Server::Server(deploy::PostgresSettings extra) : cluster_(open_in(made(folder_.path() / "d"), std::move(extra))) {}

Server::Server(Server& primary, const std::string& name) {
  primary.add_to_hba("local replication all scram-sha-256");
  const fs::path folder = made(folder_.path() / "d");
  const fs::path of_primary = primary.folder();
  // A standby has the passwords of its primary.
  fs::create_directory(deploy::password_file(folder).parent_path());
  fs::copy_file(deploy::password_file(of_primary), deploy::password_file(folder));
  copy_from(fmt::format("host={} user=bursar_owner password={} application_name={}", primary.sockets(),
                        deploy::password_of(of_primary, "bursar_owner").value_or(""), name),
            deploy::ClusterPaths::below(folder).data);
  cluster_ = open_in(folder, {});
  const auto streams = fmt::format(
      "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = '{}' AND state = 'streaming')", name);
  CHECK(wait_until([&] { return primary.must(streams).flag(0, 0); }));
}

std::string Server::dsn(const std::string& database, const std::string& role) const {
  return cluster_->dsn(database, role);
}

std::string Server::sockets() const { return deploy::ClusterPaths::below(folder()).sockets.string(); }

ledger::Stored<ledger::Rows> Server::ask(const std::string& sql, const std::string& database) {
  ledger::Connection connection(dsn(database) + " target_session_attrs=any");
  return connection.call({"server_ask", sql.c_str(), true});
}

ledger::Rows Server::must(const std::string& sql, const std::string& database) {
  auto answer = ask(sql, database);
  if (!answer) end_with(fmt::format("{}: {}", sql, answer.error().text));
  return std::move(*answer);
}

void Server::demand_standby(const std::string& names) {
  must(fmt::format("ALTER SYSTEM SET synchronous_standby_names = '{}'", names));
  must("SELECT pg_reload_conf()");
  CHECK(wait_until([&] {
    return must("SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))").flag(0, 0);
  }));
}

void Server::add_to_hba(const std::string& line) {
  const fs::path file = deploy::ClusterPaths::below(folder_.path() / "d").data / "pg_hba.conf";
  const std::string before = read_text(file);
  write_text(file, line + "\n" + before);
  must("SELECT pg_reload_conf()");
}

void Server::take_from_hba(const std::string& line) {
  const fs::path file = deploy::ClusterPaths::below(folder_.path() / "d").data / "pg_hba.conf";
  std::string text = read_text(file);
  const auto at = text.find(line + "\n");
  CHECK(at != std::string::npos);
  write_text(file, text.erase(at, line.size() + 1));
  must("SELECT pg_reload_conf()");
}

std::vector<pid_t> Server::backends() const {
  std::vector<pid_t> found;
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", cluster_->pid()));
  for (pid_t pid = 0; children >> pid;) found.push_back(pid);
  return found;
}

void Server::send(int signal_number) {
  const auto others = backends();
  kill(cluster_->pid(), signal_number);
  for (const pid_t pid : others) kill(pid, signal_number);
}

void Server::stop(int signal_number) {
  const pid_t pid = cluster_->pid();
  CHECK(pid > 0);
  if (signal_number == SIGKILL)
    send(SIGKILL);
  else
    kill(pid, signal_number);
  // A zombie, whom the cluster reaps when it is started again, or goes. Not before: its memory goes first, and to the
  // cluster it would still be the server that was ready.
  CHECK(wait_until([&] {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string text;
    return !std::getline(file, text) || text.compare(text.rfind(')'), 3, ") Z") == 0;
  }));
}

void Server::start() {
  CHECK(wait_until([&] {
    const auto health = cluster_->watch();
    if (!health) end_with(health.error().text);
    return *health == deploy::Health::ready;
  }));
}

void Server::promote() { CHECK(must("SELECT pg_promote(true, 60)").flag(0, 0)); }

std::string dsn_of_both(const Server& one, const Server& other, const std::string& database) {
  return fmt::format("host={},{} dbname={} user=bursar_owner passfile={}", one.sockets(), other.sockets(), database,
                     deploy::password_file(one.folder()).string());
}

}  // namespace tests
