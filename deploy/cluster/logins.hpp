// deploy/cluster/logins.hpp: how one gets into a private cluster: three roles with random passwords, in one file of the
// data folder that is for its owner alone. No user of the operating system is anybody in PostgreSQL.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "deploy/cluster/folder.hpp"
#include "deploy/cluster/install.hpp"

namespace deploy {

// Roles with a login: bursar_owner may do everything; brokers and workers; what looks after API keys.
inline constexpr const char* cluster_logins[] = {"bursar_owner", "bursar_service", "bursar_keeper"};

// libpq's password file, so that `psql` takes it too: access/pgpass in the data folder. The folder is 0700, the file
// 0600.
std::filesystem::path password_file(const std::filesystem::path& folder);

// The role's password in that file; nothing where there is none.
std::optional<std::string> password_of(const std::filesystem::path& folder, const std::string& role);

// Whether the file holds one for each login.
bool has_passwords(const std::filesystem::path& folder);

// Draws new passwords, sets them in the cluster, whose server must not run, and keeps them. A cluster whose passwords
// were lost gets new ones so. Killed on the way, it is done again at the next start.
// Errors: exit code 1, with PostgreSQL's words.
Clustered<machines::Nothing> make_passwords(const std::filesystem::path& folder, const std::filesystem::path& binaries,
                                            const std::optional<Identity>& user);

}  // namespace deploy
