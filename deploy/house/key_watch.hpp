// deploy/house/key_watch.hpp: `up`'s own look at the keys, by a timer, in a process of its own: the process that
// supervises the house never holds a secret. Also what `bursar status` says of keys.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "deploy/house/key_admin.hpp"
#include "ledger/secrets/keyring.hpp"

namespace deploy {

// The venue's word about a credential of an account.
using AskAboutKey = std::function<ledger::secrets::Secretly<machines::key::Observation>(
    const ledger::secrets::Secret& credential, const std::string& account)>;

// One look at each key that is neither retired nor replaced, recorded as `bursar key test` does; what changed is
// logged, an incident as an error. A key whose incident is open is looked at for a new one alone. False: something
// could not be asked or recorded, and another round should come soon. A secret lives for one question.
bool test_all_keys(const KeyAdmin& admin, const AskAboutKey& ask);

// When the next round is due. Stepped: wall time comes in, in milliseconds of a monotonic clock.
class KeyRounds {
 public:
  static constexpr std::int64_t first_ms = 60'000, again_ms = 60'000;  // after the start; after a round that failed
  KeyRounds(std::int64_t every_minutes, std::int64_t now_ms)
      : every_ms_(every_minutes * 60'000), next_ms_(now_ms + first_ms) {}
  [[nodiscard]] bool is_due(std::int64_t now_ms) const { return every_ms_ > 0 && now_ms >= next_ms_; }
  void done(bool is_complete, std::int64_t now_ms) {
    next_ms_ = now_ms + (is_complete ? every_ms_ : std::min(every_ms_, again_ms));
  }

 private:
  std::int64_t every_ms_, next_ms_;
};

// Rounds until `stop`. Returns the process's exit code.
int watch_keys(const KeyAdmin& admin, const std::atomic<bool>& stop);

// How the keys of a ledger are, and what waits for one.
struct KeyHealth {
  int usable = 0, resting = 0;  // of those neither retired nor replaced
  std::vector<std::string> incidents;
  std::vector<std::string> without;  // "venue/account" whose trade keys are all gone: nothing is sent to it any more
  std::int64_t waiting = 0;          // jobs that wait for a key
  std::string waiting_for;           // what the first of them says
};
// All zero on a ledger without a treasury, or of before there were keys. Errors: the connection's; refused, where a
// key's data can't be read.
ledger::Stored<KeyHealth> key_health(ledger::Connection& connection);
// One line for a person; empty where there are no keys and no job waits for one.
std::string in_one_line(const KeyHealth& health);

}  // namespace deploy
