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

Postgres::Postgres(const Network& network, std::string host) : network_(network), host_(std::move(host)) {
  make_certificate();
  const auto folder = deploy::open_folder(folder_.path() / "d");
  if (!folder) end_with(folder.error().text);
  network_.on(host_, [&] {
    auto opened = deploy::Cluster::open(*folder, options());
    if (!opened) end_with(opened.error().text);
    server_ = std::make_unique<deploy::Cluster>(std::move(*opened));
  });
}

Postgres::~Postgres() = default;

// Its own authority: what a client is given as sslrootcert.
void Postgres::make_certificate() {
  const auto user = deploy::cluster_user();
  if (!user) end_with(user.error().text);
  const auto key = folder_.path() / "server.key", certificate = folder_.path() / "server.crt";
  deploy::ProcessSpec spec;
  spec.argv = {"/usr/bin/openssl",
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
               "subjectAltName=IP:" + network_.address(host_),
               "-keyout",
               key.string(),
               "-out",
               certificate.string()};
  const auto made = deploy::run_to_end(spec);
  if (!made || made->exit.code != 0) end_with("openssl: " + (made ? made->output : made.error()));
  write_text(folder_.path() / "pg_hba.conf",
             "local all all peer map=bursar\nhostssl all all 10.77.0.0/24 scram-sha-256\n");
  for (const auto& file : {key, certificate, folder_.path() / "pg_hba.conf"}) {
    if (*user && chown(file.c_str(), (*user)->uid, (*user)->gid) != 0) end_with("chown " + file.string());
    chmod(file.c_str(), 0600);
  }
  chmod(certificate.c_str(), 0644);
}

deploy::ClusterOptions Postgres::options() const {
  deploy::ClusterOptions options;
  options.extra = {
      {"listen_addresses", network_.address(host_)                  },
      {"ssl",              "on"                                     },
      {"ssl_cert_file",    (folder_.path() / "server.crt").string() },
      {"ssl_key_file",     (folder_.path() / "server.key").string() },
      {"hba_file",         (folder_.path() / "pg_hba.conf").string()},
      {"shared_buffers",   "64MB"                                   },
      {"max_connections",  "100"                                    },
  };
  return options;
}

std::string Postgres::fresh_database() {
  if (databases_ == 0) {
    must_do(own_dsn("postgres"), "create_template", "CREATE DATABASE migrated");
    ledger::Connection connection(own_dsn("migrated"));
    if (const auto done = ledger::migrate(connection); !done) end_with("migrations: " + done.error().text);
    for (const char* role : {"bursar_owner", "bursar_service"})
      must_do(own_dsn("postgres"), role, fmt::format("ALTER ROLE {} PASSWORD '{}'", role, password));
  }
  std::string name = fmt::format("chaos{}", ++databases_);
  must_do(own_dsn("postgres"), "create_database", fmt::format("CREATE DATABASE {} TEMPLATE migrated", name));
  return name;
}

std::string Postgres::dsn(const std::string& database, const std::string& role, const std::string& through,
                          int port) const {
  const std::string address = network_.address(host_);
  return fmt::format("host={} hostaddr={} port={} dbname={} user={} password={} sslmode=verify-full sslrootcert={}",
                     address, through.empty() ? address : through, port, database, role, password,
                     (folder_.path() / "server.crt").string());
}

std::string Postgres::own_dsn(const std::string& database) const { return server_->dsn(database); }

void Postgres::stop(Stop how) {
  if (stopped_) return;
  const pid_t pid = server_->pid();
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
  starting_ = starting_ || stopped_;
  stopped_ = false;
  tend();
}

void Postgres::tend() {
  if (!starting_) return;
  network_.on(host_, [this] {
    const auto health = server_->watch();
    if (!health) end_with(health.error().text);
    starting_ = *health != deploy::Health::ready;
  });
}

}  // namespace tests::chaos
