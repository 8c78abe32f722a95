#include "tests/support/cluster.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "deploy/cluster/folder.hpp"
#include "deploy/cluster/logins.hpp"
#include "ledger/store/dsn.hpp"
#include "ledger/store/migrations.hpp"
#include "tests/support/folder.hpp"

namespace tests {
namespace {

[[noreturn]] void end_with(const std::string& why) {
  std::fprintf(stderr, "no cluster for these tests: %s\n", why.c_str());
  std::exit(1);
}

// Members in this order: the server stops before its folder goes.
struct Private {
  TempFolder folder;
  std::unique_ptr<deploy::Cluster> server;
  int databases = 0;
  bool has_template = false;

  Private() {
    if (std::getenv("BURSAR_LIGHT") != nullptr) end_with(label_missing);
    const auto opened = deploy::open_folder(folder.path() / "d");
    if (!opened) end_with(opened.error().text);
    deploy::ClusterOptions options;
    options.extra = {{"shared_buffers", "64MB"}, {"max_connections", "100"}};
    auto started = deploy::Cluster::open(*opened, options);
    if (!started) end_with(started.error().text);
    server = std::make_unique<deploy::Cluster>(std::move(started).value());
  }
};

Private& own() {
  static Private one;
  return one;
}

}  // namespace

std::string no_cluster_because() {
  if (const auto user = deploy::cluster_user(); !user) return user.error().text;
  if (const auto found = deploy::find_postgres(); !found) return found.error().text;
  return "";
}

deploy::Cluster& cluster() { return *own().server; }

std::string dsn(const std::string& database, const std::string& role) { return cluster().dsn(database, role); }

ledger::Rows must_run(const std::string& database, const std::string& sql) {
  ledger::Connection connection(dsn(database));
  auto answer = connection.run(sql);
  if (!answer) end_with(fmt::format("{}: {}", sql.substr(0, 200), answer.error().text));
  return std::move(answer).value();
}

std::string acting_as(const std::string& database, const std::string& role) {
  return ledger::with_options(dsn(database), "-c role=" + role);
}

std::string house_dsn(const std::filesystem::path& data_folder) {
  return fmt::format("host='{}' dbname=bursar user=bursar_owner passfile='{}'",
                     deploy::ClusterPaths::below(data_folder).sockets.string(),
                     deploy::password_file(data_folder).string());
}

std::string new_login(const std::string& database, const std::string& name, const std::string& role) {
  must_run(database, fmt::format("CREATE ROLE {0} LOGIN PASSWORD '{0}'", name));
  if (!role.empty()) must_run(database, fmt::format("GRANT {} TO {}", role, name));
  return dsn(database, name) + " password=" + name;
}

namespace {

// CREATE and DROP DATABASE can't run in a transaction block, which Connection::run() opens; call() does not.
void must_do(const std::string& name, const std::string& sql) {
  ledger::Connection connection(dsn("postgres"));
  const ledger::SqlStatement statement{name.c_str(), sql.c_str(), true};
  if (const auto answer = connection.call(statement); !answer)
    end_with(fmt::format("{}: {}", sql, answer.error().text));
}

std::string next_name() { return fmt::format("t{}", ++own().databases); }

void make_template() {
  if (std::exchange(own().has_template, true)) return;
  must_do("make_template", "CREATE DATABASE migrated");
  ledger::Connection connection(dsn("migrated"));
  if (const auto done = ledger::migrate(connection); !done) end_with("migrations: " + done.error().text);
}

}  // namespace

std::string empty_database() {
  const std::string name = next_name();
  must_do("create_empty", "CREATE DATABASE " + name);
  return name;
}

std::string fresh_database() {
  make_template();
  const std::string name = next_name();
  must_do("create_fresh", fmt::format("CREATE DATABASE {} TEMPLATE migrated", name));
  return name;
}

void drop_database(const std::string& name) {
  must_do("drop", fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)", name));
}

}  // namespace tests
