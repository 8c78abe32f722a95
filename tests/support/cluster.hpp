// tests/support/cluster.hpp: one private PostgreSQL per test program, made at its first use and gone with it, however
// it ends; every test takes a fresh database. The real server with the real settings, fsync included.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "deploy/cluster/cluster.hpp"
#include "ledger/store/connection.hpp"

namespace tests {

// Why there can be no cluster here (PostgreSQL not installed); empty when there can. A test that finds a reason says
// GTEST_SKIP() with it.
std::string no_cluster_because();

// What a program that starts PostgreSQL ends with under tests/run --light, where it should not be.
inline constexpr const char* label_missing =
    "this program starts PostgreSQL and does not say so: LABELS postgres in its CMakeLists.txt";

// The one of this program; starts it at the first call (about two seconds). REQUIRES: no_cluster_because().empty(), the
// main thread. Ends the program with PostgreSQL's last words when it won't start.
deploy::Cluster& cluster();

// A connection string for `database` as `role`: bursar_owner (superuser) or bursar_service (what brokers and workers
// are).
std::string dsn(const std::string& database, const std::string& role = "bursar_owner");

// ... of the owner's login that has put its rights aside for those of `role`.
std::string acting_as(const std::string& database, const std::string& role);
// ... of a new login of that name, a member of `role` (empty: of none), made in the server of these tests.
std::string new_login(const std::string& database, const std::string& name, const std::string& role = "");

// The owner's, of the house on that data folder.
std::string house_dsn(const std::filesystem::path& data_folder);

// An empty database; its name. They live as long as the program.
std::string empty_database();
// A database with all migrations applied, copied from a template that is migrated once; its name.
std::string fresh_database();
void drop_database(const std::string& name);

// SQL as bursar_owner; fails the running test with PostgreSQL's words when refused.
ledger::Rows must_run(const std::string& database, const std::string& sql);

}  // namespace tests
