#include "ledger/store/watch.hpp"

#include <sys/socket.h>

#include <map>
#include <mutex>
#include <thread>

namespace ledger {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
constexpr milliseconds look_every{500};

class Watchman {
 public:
  // Never destroyed: its thread may outlast every other object.
  static Watchman& one() {
    static auto* const watchman = new Watchman;
    return *watchman;
  }

  std::uint64_t add(int socket, steady_clock::time_point until) {
    const std::lock_guard guard(mutex_);
    watched_[++tickets_] = {socket, until};
    return tickets_;
  }

  void remove(std::uint64_t ticket) {
    const std::lock_guard guard(mutex_);
    watched_.erase(ticket);
  }

 private:
  struct Watched {
    int socket = -1;
    steady_clock::time_point until;
  };

  Watchman() {
    std::thread([this] {
      while (true) {
        std::this_thread::sleep_for(look_every);
        look();
      }
    }).detach();
  }

  void look() {
    const std::lock_guard guard(mutex_);
    const auto now = steady_clock::now();
    for (const auto& [ticket, watched] : watched_)
      if (now >= watched.until) shutdown(watched.socket, SHUT_RDWR);
  }

  std::mutex mutex_;
  std::map<std::uint64_t, Watched> watched_;
  std::uint64_t tickets_ = 0;
};

}  // namespace

Watch::Watch(int socket, milliseconds limit) {
  if (limit.count() > 0) ticket_ = Watchman::one().add(socket, steady_clock::now() + limit);
}

Watch::~Watch() {
  if (ticket_ != 0) Watchman::one().remove(ticket_);
}

}  // namespace ledger
