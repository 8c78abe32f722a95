// deploy/cluster/install.hpp: PostgreSQL as installed here, and what a private cluster's files say. Makes a cluster
// once; never touches one that it did not make.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deploy/cluster/folder.hpp"
#include "deploy/cluster/process.hpp"

namespace deploy {

inline constexpr int oldest_postgres = 15;

// The folder with initdb and postgres: of `version` when it is not 0, else the newest from 15 on. Looks below
// /usr/lib/postgresql, or $BURSAR_POSTGRES, for VERSION/bin.
// Errors: exit code 1, with the package to install.
Clustered<std::filesystem::path> find_postgres(int version = 0);

// The user that PostgreSQL runs as: nothing (ourselves), or `postgres` when this is root.
// Errors: exit code 1 when root has no user postgres.
Clustered<std::optional<Identity>> cluster_user();

// Where the parts of a cluster live below the data folder.
struct ClusterPaths {
  std::filesystem::path data, sockets, log;
  static ClusterPaths below(const std::filesystem::path& folder);
  [[nodiscard]] std::filesystem::path socket() const { return sockets / ".s.PGSQL.5432"; }
};

// All that PostgreSQL and initdb find in their environment: nothing of ours, which may hold secrets.
std::vector<std::string> server_environment();

// A part of a connection string by which libpq speaks to no socket but one of this user, whatever a name in the folder
// leads to; empty where the user has no name.
std::string peer_of(uid_t owner);

// The first kilobyte of a plain file in a folder that another user may write to: no link is followed, nothing waits.
// Nothing where there is no such file.
std::optional<std::string> read_plain(const std::filesystem::path& path);

// A Unix socket's path may have 107 bytes. Errors: exit code 2, naming the path and its length.
Clustered<machines::Nothing> check_socket_path(const ClusterPaths& paths);

using PostgresSettings = std::vector<std::pair<std::string, std::string>>;

// initdb into a folder on the side, then a rename: a half-made cluster is never taken for one. Superuser bursar_owner,
// locale C, UTF8, data checksums, and no way in until it has passwords.
Clustered<machines::Nothing> make_cluster(const ClusterPaths& paths, const std::filesystem::path& binaries,
                                          const std::optional<Identity>& user);

// Writes bursar.conf and the authentication files anew: the settings of this program, then `extra`.
Clustered<machines::Nothing> write_settings(const ClusterPaths& paths, const std::optional<Identity>& user,
                                            const PostgresSettings& extra);

}  // namespace deploy
