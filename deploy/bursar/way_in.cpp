#include "deploy/bursar/way_in.hpp"

#include <fmt/format.h>

namespace deploy {
namespace {

namespace fs = std::filesystem;

// Why there can be no ledger in the folder; nothing when there may be one.
std::optional<ClusterError> check_folder(const fs::path& folder) {
  std::error_code error;
  const auto refuse = [&](const std::string& why) {
    return ClusterError{fmt::format("{} {}", folder.string(), why), 2};
  };
  if (!fs::exists(folder, error))
    return refuse(error && error.value() != ENOENT
                      ? fmt::format("can't be reached: {}; choose another --data-dir", error.message())
                      : "is not there; `bursar up` makes a data folder, --data-dir names another");
  if (!fs::exists(folder / "bursar-data", error))
    return refuse("is not a data folder of Bursar; `bursar up` makes one, --data-dir names another");
  if (!fs::exists(folder / "postgres", error))
    return refuse("holds no ledger of its own; name the database that it was used with: --dsn");
  return std::nullopt;
}

}  // namespace

Clustered<WayIn> WayIn::open(const Layout& layout, const std::string& dsn) {
  WayIn way;
  way.dsn_ = dsn;
  if (!dsn.empty()) return way;
  if (auto refused = check_folder(layout.folder)) return machines::fail(*refused);
  way.dsn_ = fmt::format("host='{}' dbname={} user={}", ClusterPaths::below(layout.folder).sockets.string(),
                         database_name, owner_role);
  auto lock = FolderLock::take(layout.folder);
  if (!lock) return way;  // a house runs, or the folder is not ours to lock: the connection tells
  auto cluster = Cluster::open(layout.folder);
  if (!cluster) return machines::fail(cluster.error());
  way.lock_.emplace(std::move(*lock));
  way.cluster_.emplace(std::move(*cluster));
  way.dsn_ = way.cluster_->dsn(database_name, owner_role);
  return way;
}

}  // namespace deploy
