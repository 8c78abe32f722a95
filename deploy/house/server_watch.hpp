// deploy/house/server_watch.hpp: ServerWatch, the memory of a process that runs apart from its house: it works on no
// PostgreSQL that lacks what it saw before (ledger/audit/server_identity), and writes down what there is to see, every
// few seconds.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "ledger/audit/server_identity.hpp"

namespace deploy {

class ServerWatch {
 public:
  // One per process, before its first session. A file that can't be written is said once in the log, and then does
  // without.
  ServerWatch(std::string dsn, std::filesystem::path file);
  ~ServerWatch();
  ServerWatch(const ServerWatch&) = delete;
  ServerWatch& operator=(const ServerWatch&) = delete;

 private:
  void run();
  void look(ledger::Connection& connection);

  std::string dsn_;
  std::filesystem::path file_;
  ledger::audit::ServerGuard server_guard_;
  std::optional<ledger::audit::ServerIdentity> seen_;
  bool complained_ = false;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace deploy
