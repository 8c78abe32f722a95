// ledger/store/watch.hpp: Watch, a bound on how long a call may go without an answer. A server that is stopped, or a
// network that swallows all, says nothing, and libpq would wait for ever. Its one thread lives as long as the process.
#pragma once

#include <chrono>
#include <cstdint>

namespace ledger {

class Watch {
 public:
  // Shuts `socket` down, both ways, when this still stands after `limit`: a thread that reads from it
  // finds a lost connection. The bound is kept to a second. Zero: no bound. REQUIRES: the socket stays open as long as
  // this.
  Watch(int socket, std::chrono::milliseconds limit);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  std::uint64_t ticket_ = 0;
};

}  // namespace ledger
