// schemas/config/node_files.hpp: the files of processes that run apart from `bursar up`, on any host: one broker, one
// worker, one paper venue. TOML as in config.hpp, with the same errors; what is left out keeps its default. Paths are
// relative to the file's folder. Nothing throws.
#pragma once

#include "schemas/config/config.hpp"

namespace schemas::config {

// A peer that may speak to this process, and in which role.
struct PeerConfig {
  std::string name;
  std::string role;        // worker, client, approver, operator
  std::string public_key;  // 40 characters, or ...
  std::string key_file;    // ... the file that `bursar keys generate` wrote (NAME.pub)
};

// A process to speak to.
struct RemoteConfig {
  std::string endpoint;    // tcp://HOST:PORT or ipc://PATH
  std::string public_key;  // what it must prove; or ...
  std::string key_file;    // ... the file that holds it
};

// How this process reaches PostgreSQL.
struct StoreConfig {
  std::string dsn;                    // libpq connection string; empty: $BURSAR_DSN
  bool allow_plain_postgres = false;  // without TLS, although it is neither on a Unix socket nor on loopback
  std::string seen_file;  // what this process last saw of the ledger; empty: broker-NAME.seen or worker-NAME.seen
                          // beside its file
};

// The file of `bursar broker`. validate(): what can't be, field by field; empty when all is well. It opens no file.
struct BrokerNode {
  std::string name;        // unlike any other broker's
  std::string listen;      // tcp://ADDRESS:PORT or ipc://PATH
  std::string reached_at;  // how others reach it, where that is not `listen`
  std::string key_file;    // its own pair
  StoreConfig postgres;
  BrokerConfig broker;
  std::vector<PeerConfig> peers;
  [[nodiscard]] std::vector<Problem> validate() const;
};

// The file of `bursar worker`; validate() as above.
struct WorkerNode {
  std::string name;  // unlike any other worker's; stable over restarts
  std::string key_file;
  StoreConfig postgres;
  std::vector<std::string> kinds;     // machines that it decides; empty: all
  std::vector<std::string> commands;  // "order.place_order": of that kind it runs these alone; a kind not named: all
  bool outside = true;                // false: it calls no venue, and such jobs don't come here
  RemoteConfig venue;                 // needed where `outside`
  PropertiesConfig properties;        // of that venue, in the same table
  std::int64_t venue_timeout_ms = 2'000;
  std::string master_key_file;                          // opens the house's API keys; empty: requests leave unsigned
  std::int64_t pure_credit = 512, outside_credit = 16;  // jobs that it holds at most, over all brokers
  WorkersConfig work;
  std::vector<RemoteConfig> brokers;
  [[nodiscard]] std::vector<Problem> validate() const;
};

// The file of `bursar venue`; validate() as above.
struct VenueNode {
  std::string listen;
  std::string key_file;
  std::string symbol;         // the pair that it trades, ETH/USDT
  std::string store;          // its own file
  std::string prices;         // the price file that the house plays; empty: tick, lot and smallest order are all set
  std::string api_keys;       // the API keys that it knows; empty: none
  std::string configuration;  // the house's file: [venue.paper] and the vault's total; empty: the defaults
  std::vector<PeerConfig> peers;
  [[nodiscard]] std::vector<Problem> validate() const;
};

// The valid node that a text describes; `file_name` names it in errors.
// load_...: the same of a file. Errors: every problem found, or that the file can't be read.
machines::Result<BrokerNode, ConfigError> parse_broker(std::string_view toml, const std::string& file_name);
machines::Result<WorkerNode, ConfigError> parse_worker(std::string_view toml, const std::string& file_name);
machines::Result<VenueNode, ConfigError> parse_venue(std::string_view toml, const std::string& file_name);
machines::Result<BrokerNode, ConfigError> load_broker(const std::filesystem::path& file);
machines::Result<WorkerNode, ConfigError> load_worker(const std::filesystem::path& file);
machines::Result<VenueNode, ConfigError> load_venue(const std::filesystem::path& file);

}  // namespace schemas::config
