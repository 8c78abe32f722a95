#include "deploy/house/ledger_access.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "deploy/cluster/logins.hpp"
#include "deploy/cluster/process.hpp"
#include "deploy/terminal/print.hpp"
#include "ledger/audit/server_identity.hpp"
#include "ledger/store/connection.hpp"
#include "ledger/store/dsn.hpp"
#include "ledger/store/migrations.hpp"

namespace deploy {

using ledger::audit::ServerGuard;
using ledger::audit::Strangers;

namespace {

namespace fs = std::filesystem;

// Why there can be no ledger in the folder; nothing when there may be one.
std::optional<ClusterError> check_folder(const fs::path& folder) {
  std::error_code error;
  const auto refuse = [&](const std::string& why) {
    return ClusterError{fmt::format("{} {}", folder.string(), why), 2};
  };
  if (const auto why = not_ours_to_follow(folder))
    return ClusterError{*why + "; name a --data-dir on a way that root alone may change", 2};
  if (!fs::exists(folder, error))
    return refuse(error && error.value() != ENOENT
                      ? fmt::format("can't be reached: {}; choose another --data-dir", error.message())
                      : "is not there; `bursar up` makes a data folder, --data-dir names another");
  if (!fs::exists(folder / "bursar-data", error))
    return refuse("is not a data folder of Bursar; `bursar up` makes one, --data-dir names another");
  if (!fs::exists(ClusterPaths::below(folder).data / "PG_VERSION", error) && !error)
    return refuse("holds no ledger of its own; name the database that it was used with: --dsn");
  return std::nullopt;
}

bool answers(const std::string& dsn) { return ledger::Connection(dsn).connect().has_value(); }

// Only its owner may start what is in a folder: anyone else would leave files there that the owner can't use.
Clustered<bool> is_ours(const fs::path& folder, const std::string& dsn) {
  struct stat found {};
  if (stat(folder.c_str(), &found) != 0 || found.st_uid == geteuid()) return true;
  if (answers(dsn)) return false;
  const std::string owner = user_name(found.st_uid);
  return machines::fail(ClusterError{
      fmt::format(
          "{} belongs to {}, and no house that {} may look at runs on it; run this as {}, or name another --data-dir",
          folder.string(), owner, user_name(geteuid()), owner),
      2});
}

// A schema that is not this program's is refused here, in the words of whoever brings it up. What else can be wrong (no
// connection, no right, no ledger) each command says in its own.
std::optional<ClusterError> check_schema(const std::string& dsn) {
  ledger::Connection connection(ledger::brisk(dsn));
  const auto objection = ledger::schema_objection(connection);
  if (!objection || !*objection) return std::nullopt;
  return ClusterError{**objection, 1};
}

}  // namespace

int check_plain(const std::string& dsn, bool allow) {
  const std::string why = dsn.empty() ? "" : ledger::plain_over_network(dsn);
  if (why.empty()) return 0;
  if (allow) {
    print_text(stderr, "The connection to PostgreSQL is not encrypted (allow_plain_postgres): {}.\n", why);
    return 0;
  }
  print_text(stderr,
             "bursar: {}; add sslmode=verify-full (and sslrootcert=FILE) to the connection string, or set "
             "allow_plain_postgres = true under [postgres] on a network of your own\n",
             why);
  return 2;
}

Clustered<LedgerAccess> LedgerAccess::open(const Layout& layout, const std::string& dsn) {
  auto way = reach(layout, dsn);
  if (!way) return way;
  if (auto refused = check_schema(way->dsn())) return machines::fail(*refused);
  return way;
}

Clustered<LedgerAccess> LedgerAccess::reach(const Layout& layout, const std::string& dsn) {
  LedgerAccess way;
  way.dsn_ = dsn;
  if (!dsn.empty()) {
    const ServerGuard server_guard(layout.seen(), Strangers::admitted);
    return way;
  }
  if (auto refused = check_folder(layout.folder)) return machines::fail(*refused);
  const ClusterPaths paths = ClusterPaths::below(layout.folder);
  struct stat cluster_folder {};  // its owner is whom the server runs as
  const bool is_there = lstat(paths.data.c_str(), &cluster_folder) == 0;
  way.dsn_ =
      fmt::format("host='{}' dbname={} user={} passfile='{}'{}", paths.sockets.string(), database_name, owner_role,
                  password_file(layout.folder).string(), is_there ? peer_of(cluster_folder.st_uid) : "");
  const auto ours = is_ours(layout.folder, way.dsn_);
  if (!ours) return machines::fail(ours.error());
  if (!*ours) return way;
  // A house that holds the lock may be starting, or its PostgreSQL coming back: worth a moment.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  auto lock = FolderLock::take(layout.folder);
  while (!lock && !answers(way.dsn_) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    lock = FolderLock::take(layout.folder);
  }
  if (!lock) return way;
  auto cluster = Cluster::open(layout.folder);
  if (!cluster) return machines::fail(cluster.error());
  way.lock_.emplace(std::move(*lock));
  way.cluster_.emplace(std::move(*cluster));
  way.dsn_ = way.cluster_->dsn(database_name, owner_role);
  return way;
}

}  // namespace deploy
