// workers/venues/paper/service.hpp: the venue's process: one thread that owns the socket and the store and answers one
// request after the other. Crash-only: start-up is recovery, and a store that fails ends the process.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "brokers/wire/zap.hpp"
#include "workers/venues/paper/faults.hpp"
#include "workers/venues/paper/store.hpp"

namespace workers::venues::paper {

struct VenueConfig {
  std::string endpoint;  // ipc://PATH or tcp://HOST:PORT
  std::string store;     // path of the SQLite file
  brokers::wire::CurveKeys keys;
  // Public key -> who. Workers place, query and cancel; clients (the feed, a person) open bars and trade and move coins
  // by hand; both may ask for the statement and about a key.
  std::map<std::string, brokers::wire::Peer> peers;
  Book book;
  std::vector<FaultRule> faults;
  // The API keys that it knows (keys.hpp), read at every question; none when there is no file. Once it names one of
  // `account`, whose orders these are, that may trade, orders must be signed (signature.hpp).
  std::string key_file = {};
  std::string account = "main";
  // Nothing, or what is wrong.
  [[nodiscard]] std::string validate() const;
};

// Serves until `stop`. Returns the process's exit code: 0, 1 after a failure that it logged, 2 for a configuration or
// a file that it can't serve with. A fault rule may end the process with 137.
int serve(const VenueConfig& config, const std::atomic<bool>& stop);

}  // namespace workers::venues::paper
