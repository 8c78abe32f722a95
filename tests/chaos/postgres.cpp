#include "tests/chaos/postgres.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "deploy/cluster/folder.hpp"
#include "deploy/cluster/process.hpp"
#include "ledger/store/migrations.hpp"
#include "tests/support/child.hpp"

namespace tests::chaos {

namespace fs = std::filesystem;

namespace {

constexpr const char* password = "of-this-test-alone";

[[noreturn]] void end_with(const std::string& why) {
  std::fprintf(stderr, "no PostgreSQL for this test: %s\n", why.c_str());
  std::exit(1);
}

void must_do(const std::string& dsn, const char* name, const std::string& sql) {
  ledger::Connection connection(dsn);
  if (const auto done = connection.call({name, sql.c_str(), true}); !done) end_with(sql + ": " + done.error().text);
}

}  // namespace

Postgres::Postgres(const Network& network, const std::string& host, const std::string& standby) : network_(network) {
  servers_[0] = {host, folder_.path() / "1", nullptr};
  servers_[1] = {standby, folder_.path() / "2", nullptr};
  make_certificate();
  for (const Server& server : servers_)
    if (const auto made = deploy::open_folder(server.folder); !made) end_with(made.error().text);
  open(primary());
  must_do(own_dsn("postgres"), "password", fmt::format("ALTER ROLE bursar_owner PASSWORD '{}'", password));
  make_standby();
}

Postgres::~Postgres() = default;

void Postgres::open(Server& server) {
  network_.on(server.host, [&] {
    auto opened = deploy::Cluster::open(server.folder, options(server));
    if (!opened) end_with(opened.error().text);
    server.cluster = std::make_unique<deploy::Cluster>(std::move(*opened));
  });
}

// A copy of the other over the network, by PostgreSQL's own user, who alone may write there. It has no certificate, and
// is told so: libpq would look for one in our home folder, which is closed to it.
void Postgres::make_standby() {
  const auto user = deploy::cluster_user();
  const auto binaries = deploy::find_postgres();
  if (!user || !binaries) end_with("no PostgreSQL");
  const fs::path data = deploy::ClusterPaths::below(standby().folder).data;
  fs::create_directory(data);
  fs::permissions(data, fs::perms::owner_all);
  if (*user && chown(data.c_str(), (*user)->uid, (*user)->gid) != 0) end_with("chown " + data.string());
  // The passwords are those of the primary, which its copy will have: they come along.
  fs::copy(primary().folder / "access", standby().folder / "access", fs::copy_options::recursive);
  const std::string address = network_.address(primary().host);
  deploy::ProcessSpec spec;
  spec.argv = {
      (*binaries / "pg_basebackup").string(),
      "-D",
      data.string(),
      "-R",
      "-X",
      "stream",
      "-c",
      "fast",
      "-d",
      fmt::format(
          "host={0} hostaddr={0} user=bursar_owner password={1} sslmode=verify-full sslrootcert={2} sslcert={2}.none "
          "application_name={3} keepalives_idle=2 keepalives_interval=1 keepalives_count=3",
          address, password, (folder_.path() / "server.crt").string(), standby().host)};
  spec.run_as = *user;
  network_.on(standby().host, [&] {
    const auto copied = deploy::run_to_end(spec);
    if (!copied || copied->exit.code != 0) end_with("pg_basebackup: " + (copied ? copied->output : copied.error()));
  });
  open(standby());
  must_do(own_dsn("postgres"), "synchronous",
          fmt::format("ALTER SYSTEM SET synchronous_standby_names = '\"{}\"'", standby().host));
  must_do(own_dsn("postgres"), "reload", "SELECT pg_reload_conf()");
  ledger::Connection connection(own_dsn("postgres"));
  const bool in_step = wait_until([&] {
    const auto rows = connection.run("SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')");
    return rows && rows->flag(0, 0);
  });
  if (!in_step) end_with("the standby does not follow");
}

// Its own authority: what a client is given as sslrootcert.
void Postgres::make_certificate() {
  const auto user = deploy::cluster_user();
  if (!user) end_with(user.error().text);
  const auto key = folder_.path() / "server.key", certificate = folder_.path() / "server.crt";
  deploy::ProcessSpec spec;
  spec.argv = {
      "/usr/bin/openssl",
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=chaos",
      "-addext",
      fmt::format("subjectAltName=IP:{},IP:{}", network_.address(servers_[0].host), network_.address(servers_[1].host)),
      "-keyout",
      key.string(),
      "-out",
      certificate.string()};
  const auto made = deploy::run_to_end(spec);
  if (!made || made->exit.code != 0) end_with("openssl: " + (made ? made->output : made.error()));
  write_text(folder_.path() / "pg_hba.conf",
             "local all all trust\nhostssl all all 10.77.0.0/24 scram-sha-256\n"
             "hostssl replication bursar_owner 10.77.0.0/24 scram-sha-256\n");
  for (const auto& file : {key, certificate, folder_.path() / "pg_hba.conf"}) {
    if (*user && chown(file.c_str(), (*user)->uid, (*user)->gid) != 0) end_with("chown " + file.string());
    chmod(file.c_str(), 0600);
  }
  chmod(certificate.c_str(), 0644);
}

deploy::ClusterOptions Postgres::options(const Server& server) const {
  deploy::ClusterOptions options;
  options.extra = {
      {"listen_addresses", network_.address(server.host)},
      {"ssl", "on"},
      {"ssl_cert_file", (folder_.path() / "server.crt").string()},
      {"ssl_key_file", (folder_.path() / "server.key").string()},
      {"hba_file", (folder_.path() / "pg_hba.conf").string()},
      {"shared_buffers", "64MB"},
      {"max_wal_senders", "5"},
      {"wal_keep_size", "256MB"},
      {"wal_sender_timeout", "5s"},
      {"max_connections", "100"},
  };
  return options;
}

std::string Postgres::fresh_database() {
  if (databases_ == 0) {
    must_do(own_dsn("postgres"), "create_template", "CREATE DATABASE migrated");
    ledger::Connection connection(own_dsn("migrated"));
    if (const auto done = ledger::migrate(connection); !done) end_with("migrations: " + done.error().text);
    must_do(own_dsn("postgres"), "password", fmt::format("ALTER ROLE bursar_service PASSWORD '{}'", password));
  }
  std::string name = fmt::format("chaos{}", ++databases_);
  must_do(own_dsn("postgres"), "create_database", fmt::format("CREATE DATABASE {} TEMPLATE migrated", name));
  return name;
}

std::string Postgres::dsn(const std::string& database, const std::string& role, const std::string& through,
                          const std::string& ports) const {
  const std::string hosts = network_.address(servers_[0].host) + "," + network_.address(servers_[1].host);
  return fmt::format(
      "host={} hostaddr={} port={} dbname={} user={} password={} target_session_attrs=read-write sslmode=verify-full "
      "sslrootcert={} tcp_user_timeout=3000 connect_timeout=2",
      hosts, through.empty() ? hosts : through + "," + through, ports, database, role, password,
      (folder_.path() / "server.crt").string());
}

std::string Postgres::socket_of(const Server& server) const {
  return deploy::ClusterPaths::below(server.folder).sockets.string();
}

std::string Postgres::own_dsn(const std::string& database) const {
  return fmt::format("host={},{} dbname={} user=bursar_owner target_session_attrs=read-write", socket_of(servers_[0]),
                     socket_of(servers_[1]), database);
}

void Postgres::stop(Stop how) {
  if (stopped_) return;
  const pid_t pid = primary().cluster->pid();
  stopped_ = true;
  starting_ = false;
  kill(pid, how == Stop::fast ? SIGINT : how == Stop::immediate ? SIGQUIT : SIGKILL);
  siginfo_t ended{};  // left to be reaped by whoever starts it again
  if (!wait_until([&] {
        ended.si_pid = 0;
        return waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == pid;
      }))
    end_with("it does not end");
}

void Postgres::start() {
  if (lost_) return;
  starting_ = starting_ || stopped_;
  stopped_ = false;
  tend();
}

void Postgres::tend() {
  if (!starting_ || lost_) return;
  network_.on(primary().host, [this] {
    const auto health = primary().cluster->watch();
    if (!health) end_with(health.error().text);
    starting_ = *health != deploy::Health::ready;
  });
}

void Postgres::lose() {
  stop(Stop::kill);
  lost_ = true;
}

void Postgres::promote() {
  if (!lost_ || promoted_) return;
  primary_ = 1 - primary_;
  promoted_ = true;
  lost_ = stopped_ = starting_ = false;
  const std::string alone =
      fmt::format("host={} dbname=postgres user=bursar_owner target_session_attrs=any", socket_of(primary()));
  must_do(alone, "promote", "SELECT pg_promote(true, 60)");
  must_do(alone, "reset", "ALTER SYSTEM RESET synchronous_standby_names");
  must_do(alone, "reload", "SELECT pg_reload_conf()");
}

}  // namespace tests::chaos
