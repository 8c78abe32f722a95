// deploy/house/data_folder.hpp: where things are in a data folder, and what its parts are called. Paths only: no I/O.
#pragma once

#include <filesystem>
#include <string>

#include "ledger/audit/audit_files.hpp"
#include "workers/venues/venue_files.hpp"

namespace deploy {

// The paths of one data folder; making and checking them is for others (deploy/cluster/folder.hpp).
struct Layout {
  std::filesystem::path folder;
  std::string venue_elsewhere = {};  // the endpoint of a venue that is not of this house; empty: it is
  std::filesystem::path venue_elsewhere_key = {};
  // A secret file of this name, a process's log, and the folder of sockets.
  [[nodiscard]] std::filesystem::path key(const std::string& name) const { return folder / "keys" / name; }
  [[nodiscard]] std::filesystem::path log(const std::string& name) const { return folder / "log" / (name + ".log"); }
  [[nodiscard]] std::filesystem::path run() const { return folder / "run"; }
  // The brokers count from 1.
  [[nodiscard]] std::string broker_endpoint(int number = 1) const {
    const std::string name = number == 1 ? "broker.sock" : "broker-" + std::to_string(number) + ".sock";
    return "ipc://" + (run() / name).string();
  }
  [[nodiscard]] std::string venue_endpoint() const {
    return venue_elsewhere.empty() ? "ipc://" + (run() / "venue.sock").string() : venue_elsewhere;
  }
  [[nodiscard]] std::filesystem::path venue_public_key() const {
    return venue_elsewhere.empty() ? key("venue.pub") : venue_elsewhere_key;
  }
  // For a process that asks the venue with the key pair of this role.
  [[nodiscard]] workers::venues::VenueFiles venue_files(const std::string& role) const {
    return {venue_endpoint(), key(role), venue_public_key()};
  }
  [[nodiscard]] std::filesystem::path venue_store() const { return folder / "venue" / "paper.db"; }
  // The API keys that the paper venue knows: its own file, not ours (workers/venues/paper/keys.hpp).
  [[nodiscard]] std::filesystem::path venue_keys() const { return folder / "venue" / "keys"; }
  [[nodiscard]] std::filesystem::path checkpoints() const { return folder / "checkpoints"; }
  // What the house last saw of a PostgreSQL that is not its own (ledger/audit/server_identity).
  [[nodiscard]] std::filesystem::path seen() const { return folder / "seen"; }
  [[nodiscard]] ledger::audit::AuditFiles audit_files() const {
    return {checkpoints(), key("checkpoint.key"), key("checkpoint.pub"), seen()};
  }
  [[nodiscard]] std::filesystem::path sample() const { return folder / "sample_eth_usdt_1h.csv"; }
  [[nodiscard]] std::filesystem::path metrics() const { return folder / "metrics.prom"; }
  [[nodiscard]] std::filesystem::path report() const { return folder / "report.html"; }
};

inline constexpr const char* database_name = "bursar";
inline constexpr const char* owner_role = "bursar_owner";
inline constexpr const char* service_role = "bursar_service";
inline constexpr const char* operator_role = "bursar_operator";
inline constexpr const char* keeper_role = "bursar_keeper";  // of what looks after API keys
// Key pairs by role; a worker's key serves the broker and the venue alike.
inline constexpr const char* key_names[] = {"broker", "venue", "worker", "client"};

}  // namespace deploy
